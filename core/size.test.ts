import { expect, test } from "vitest";

import { formatSize, parseSize } from "./size.ts";

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
