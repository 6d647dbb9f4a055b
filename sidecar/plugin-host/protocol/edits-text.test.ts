import * as fc from "fast-check";
import { expect, test } from "vitest";

import { AnswerEditsReader, editsText, JoinedEdits, readEdits } from "./edits-text.ts";
import { field, FieldError } from "../world/fields.ts";

test("of two changes of one name the later counts", () => {
  const edits = field("X-Web-A") + field(field("1")) + field("x-web-a") + field(field("2"));

  expect(readEdits(edits)).toEqual([{ name: "x-web-a", values: ["2"] }]);
});

test("two megabytes of the smallest headers are refused in no time", () => {
  const header = field("a") + field("");
  const began = performance.now();

  expect(() => readEdits(header.repeat(400_000))).toThrow(FieldError);
  expect(performance.now() - began).toBeLessThan(500);
});

test("an answer that is said again is not read again, nor is one that breaks the rules let through then", () => {
  const reader = new AnswerEditsReader();
  const mesh = editsText([{ name: "X-Mesh-Path", values: ["/"] }]);

  expect(reader.read(mesh).refused).toContain("X-Mesh-");
  expect(reader.read(mesh).refused).toContain("X-Mesh-");
  expect(reader.read(mesh)).toBe(reader.read(mesh));
});

test("texts are joined with what came before them, whichever of the two differs from the last time", () => {
  const joined = new JoinedEdits();
  const pairs = [
    ["a", "x"],
    ["b", "x"],
    ["b", "y"],
    ["", "y"],
    ["a", "x"],
  ] as const;

  for (const [earlier, later] of pairs) expect(joined.of(earlier, later)).toBe(earlier + later);
});

test("a plugin that never says the same again is read all the same, and fills nothing", () => {
  const reader = new AnswerEditsReader();
  const textOf = (number: number): string => editsText([{ name: "x-id", values: [String(number)] }]);

  for (let number = 0; number < 1_000; number++)
    expect(reader.read(textOf(number)).edits).toEqual([{ name: "x-id", values: [String(number)] }]);

  expect(reader.read(textOf(0))).toBe(reader.read(textOf(0)));
  expect(reader.read(textOf(999))).not.toBe(reader.read(textOf(999)));
});

test("what is remembered is what would be read", () => {
  const name = fc.constantFrom("x-a", "X-B", "host", "x mesh", "x-mesh-a");
  const value = fc.string({ unit: "binary", maxLength: 6 });
  const answers = fc.array(fc.uniqueArray(fc.record({ name, values: fc.array(value) }), { maxLength: 3 }));
  fc.assert(
    fc.property(answers, (all) => {
      const reader = new AnswerEditsReader();
      for (const text of [...all, ...all].map(editsText))
        expect(reader.read(text)).toEqual(new AnswerEditsReader().read(text));
    }),
  );
});
