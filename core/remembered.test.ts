import { expect, test } from "vitest";

import { Remembered } from "./remembered.ts";

test("what is asked again is not made again, until more is remembered than there is room for", () => {
  const made: string[] = [];
  const remembered = new Remembered(2, (key) => {
    made.push(key);
    return { key };
  });

  const first = remembered.get("a");
  remembered.get("b");
  expect(remembered.get("a")).toBe(first);
  expect(made).toEqual(["a", "b"]);

  remembered.get("c");
  expect(remembered.get("a")).not.toBe(first);
  expect(made).toEqual(["a", "b", "c", "a"]);
});
