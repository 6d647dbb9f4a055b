import { expect, test } from "vitest";

import { HeaderBlock } from "./header-block.ts";

test("a block made from a flat list keeps order, case and repetition", () => {
  const flat = ["Host", "a.example", "Set-Cookie", "a=1", "set-cookie", "b=2"];

  const block = HeaderBlock.fromFlat(flat);

  expect(block.toFlat()).toEqual(flat);
  expect(block.size).toBe(3);
});

test("names are found without regard to case, and every value of a repeated one is kept apart", () => {
  const block = HeaderBlock.fromFlat(["X-A", "1", "Set-Cookie", "a=1", "SET-COOKIE", "b=2"]);

  expect(block.get("x-a")).toBe("1");
  expect(block.all("set-cookie")).toEqual(["a=1", "b=2"]);
  expect(block.indexOf("x-b")).toBe(-1);
});

test("a filtered block is on the same text, and the same block if all fields stay", () => {
  const block = HeaderBlock.fromFlat(["a", "1", "b", "2", "a", "3"]);

  const filtered = block.filter((index) => block.is(index, "a"));

  expect(filtered.toFlat()).toEqual(["a", "1", "a", "3"]);
  expect(filtered.text).toBe(block.text);
  expect(block.filter(() => true)).toBe(block);
});
