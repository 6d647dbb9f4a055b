import { expect, test } from "vitest";

import { field } from "./fields.ts";
import { MAX_OUTPUT } from "./limits.ts";
import { emitAnswer, output, restore, take } from "./output.ts";

const BLOCKED = field("403") + field("") + field("no");
const NAMED = field("0") + field(`${field("x-web-a")}${field(field("1"))}`) + field("");

test("an answer that says what the one before it said is told by its number", () => {
  emitAnswer(17, BLOCKED);
  emitAnswer(18, BLOCKED);
  emitAnswer(19, NAMED);

  expect(take()).toBe(`A2:17${BLOCKED}=2:18A2:19${NAMED}`);
});

test("no answer refers to one that was taken back, or that an entry before said", () => {
  emitAnswer(17, BLOCKED);
  const before = output();
  emitAnswer(18, NAMED);
  restore(before);
  emitAnswer(19, NAMED);

  expect(take()).toBe(`A2:17${BLOCKED}A2:19${NAMED}`);

  emitAnswer(20, NAMED);

  expect(take()).toBe(`A2:20${NAMED}`);
});

test("what is told again and again by reference alone is bounded like what is told in full", () => {
  const long = field("403") + field("") + field("x".repeat(MAX_OUTPUT / 2));

  for (let id = 17; id < 40; id++) emitAnswer(id, long);

  expect(take()?.length).toBeGreaterThan(MAX_OUTPUT);
});
