import { assert, nat, property } from "fast-check";
import { expect, test } from "vitest";

import { exactSize, formatSize, parseSize } from "./size.ts";

test.for([
  ["512B", 512],
  ["64KiB", 65_536],
  ["1.5MiB", 1_572_864],
  ["1GiB", 1_073_741_824],
] as const)("the size %s is %d bytes and is written the same way", ([text, expected]) => {
  expect(parseSize(text)).toBe(expected);
  expect(formatSize(expected)).toBe(text);
});

test.for(["", "32", "32MB", "32 MiB", "-1B", "0.5B", "1TiB"])("%j is no size", (text) => {
  expect(parseSize(text)).toBeUndefined();
});

test("an exact size reads back as the same number", () => {
  assert(property(nat({ max: 999_999_999 }), (value) => parseSize(exactSize(value)) === value));

  expect([0, 1_000, 33_554_432].map(exactSize)).toEqual(["0B", "1000B", "32MiB"]);
});
