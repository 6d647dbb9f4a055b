import { array, assert, constantFrom, integer, property, record, string, tuple } from "fast-check";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { observerPlugin } from "../../../proto/observer-plugin.ts";
import { segmentCall } from "../../../test/support/plugin-spec.ts";
import { QuestionEncoder } from "./mesh-request.ts";

const latin1 = string({ unit: integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) });
const name = constantFrom("A", "a", "X-B", "x-b", "Set-Cookie");
const lines = array(tuple(name, latin1), { maxLength: 12 }).map((fields) => fields.flat());

test("whatever is asked, the contract's own decoder reads it as it was meant", () => {
  const encoder = new QuestionEncoder();
  const question = record({
    id: integer({ min: 1, max: 2 ** 52 - 1 }),
    lines,
    tag: string({ unit: "grapheme" }),
    path: latin1,
    timeout: integer({ min: 1, max: 60_000 }),
  });

  const isReadAsMeant = ({
    id,
    lines,
    tag,
    path,
    timeout,
  }: Parameters<Parameters<typeof question.map>[0]>[0]): boolean => {
    const { message, edits } = segmentCall({ message: { id, path, headers: HeaderBlock.fromFlat(lines) } });
    const asked = { message, edits, tag, timeout };
    const read = observerPlugin.Execute.requestDeserialize(encoder.request(asked));
    const up = observerPlugin.Observe.requestDeserialize(encoder.observe(asked));
    const shown = read.headers.map(({ key, value }) => [
      key.toString("latin1"),
      ...value.map((each) => each.toString("latin1")),
    ]);
    expect(up.request).toEqual(read);
    expect(read).toMatchObject({ id, tag, timeout, position: 0, attempt: 1, bizStartAt: 1_000 });
    expect(shown.slice(0, -5)).toEqual(grouped(lines));
    expect(shown.at(-1)).toEqual(["X-Mesh-Path", path]);
    return true;
  };

  assert(property(question, isReadAsMeant), { numRuns: 2_000 });
});

test("a question is taken back by its id and position", () => {
  const up = observerPlugin.Observe.requestDeserialize(new QuestionEncoder().cancel(2 ** 51, 1));

  expect(up.message).toBe("cancel");
  expect(up.cancel).toEqual({ id: 2 ** 51, position: 1 });
});

/** One entry a name, in order of first arrival and in its case: written another way than the encoder does it. */
function grouped(lines: readonly string[]): readonly (readonly string[])[] {
  const entries: string[][] = [];
  for (let index = 0; index < lines.length; index += 2) {
    const [name = "", value = ""] = lines.slice(index, index + 2);
    const known = entries.find(([key = ""]) => key.toLowerCase() === name.toLowerCase());
    if (known === undefined) entries.push([name, value]);
    else known.push(value);
  }
  return entries;
}
