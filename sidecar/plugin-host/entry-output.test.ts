import * as fc from "fast-check";
import { expect, test } from "vitest";

import { readEdits } from "./protocol/edits-text.ts";
import { readOutput, type OutputReceiver } from "./entry-output.ts";
import { field, FieldError, FieldReader } from "./world/fields.ts";

test("fields come back as they were, whatever is in them", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" })), (texts) => {
      const reader = new FieldReader(texts.map(field).join(""));
      const read: string[] = [];
      while (reader.more) read.push(reader.text());
      expect(read).toEqual(texts);
    }),
  );
});

test("an answer's values cannot be mistaken for headers, nor a body for records", () => {
  const value = `1:a${field("x-web-evil")}${field(field("1"))}A`;
  const edits = field("x-web-a") + field(field(value));
  const seen: unknown[] = [];

  readOutput(`A${field("17")}${field("200")}${field(edits)}${field(`L${field("info")}${field("x")}`)}`, {
    ...silent,
    answered: (id, httpCode, text, body) => seen.push([id, httpCode, readEdits(text), body]),
    logged: () => seen.push("a line"),
  });

  expect(seen).toEqual([[17, 200, [{ name: "x-web-a", values: [value] }], "L4:info1:x"]]);
});

test("an answer like the one before says the same of another question, and needs one before it", () => {
  const seen: unknown[] = [];
  const receiver: OutputReceiver = { ...silent, answered: (...answer) => seen.push(answer) };

  readOutput(`A${field("17") + field("403") + field("") + field("no")}=${field("18")}`, receiver);

  expect(seen).toEqual([
    [17, 403, "", "no"],
    [18, 403, "", "no"],
  ]);
  expect(outcome(`=${field("19")}`)).toBe("refused");
});

test("one long answer cannot be referred to by everybody", () => {
  let chars = 0;
  const receiver: OutputReceiver = {
    ...silent,
    answered: (_id, _code, _edits, body) => void (chars += body.length),
  };
  const long = `A${field("17") + field("403") + field("") + field("x".repeat(1024 * 1024))}`;

  expect(() => readOutput(long + `=${field("18")}`.repeat(1000), receiver)).toThrow(FieldError);

  expect(chars).toBeLessThan(6 * 1024 * 1024);
});

test("an output of countless short records is not read to its end", () => {
  let deleted = 0;
  const receiver: OutputReceiver = { ...silent, deleted: () => void deleted++ };

  expect(() => readOutput(`X${field("a")}`.repeat(500_000), receiver)).toThrow(FieldError);

  expect(deleted).toBeLessThan(50_000);
});

test("whatever a plugin hands out is read or refused, nothing else", () => {
  const digit = fc.constantFrom(..."0123456789:AELSDTCFWGX=-".split(""));
  const hostile = fc.oneof(
    fc.string({ unit: digit, maxLength: 60 }),
    fc.string({ unit: "binary", maxLength: 60 }),
    fc
      .tuple(
        fc.constantFrom(..."AELDSXTCFWG=".split("")),
        fc.array(fc.string({ unit: digit, maxLength: 12 }), { maxLength: 6 }),
      )
      .map(([kind, fields]) => kind + fields.map(field).join("")),
  );
  fc.assert(
    fc.property(hostile, (output) => {
      expect(outcome(output)).toMatch(/^(read|refused)$/);
    }),
    { numRuns: 5000 },
  );
});

function outcome(output: string): string {
  try {
    readOutput(output, silent);
    return "read";
  } catch (error) {
    if (error instanceof FieldError) return "refused";
    throw error;
  }
}

const ignore = (): void => {};
const silent: OutputReceiver = {
  answered: (_id, _code, edits) => void readEdits(edits),
  failed: ignore,
  waits: ignore,
  stoppedAt: ignore,
  logged: ignore,
  dropped: ignore,
  stored: ignore,
  deleted: ignore,
  timerStarted: ignore,
  timerCleared: ignore,
  fetched: ignore,
};
