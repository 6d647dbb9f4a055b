import { expect, test } from "vitest";

import { parseRange } from "./byte-range.ts";

test.for([
  ["bytes=0-3", { start: 0, end: 3 }],
  ["bytes=4-", { start: 4, end: 9 }],
  ["bytes=-3", { start: 7, end: 9 }],
  ["bytes=-30", { start: 0, end: 9 }],
  ["bytes=8-100", { start: 8, end: 9 }],
  ["bytes=10-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=3-2", undefined],
  ["bytes=-", undefined],
  ["bytes=0-1,4-5", undefined],
  ["bytes=0x1-2", undefined],
  ["items=0-1", undefined],
  ["bytes=99999999999999999999-", undefined],
  [undefined, undefined],
] as const)("of ten bytes, %s is %j", ([header, range]) => {
  expect(parseRange(header, 10)).toEqual(range);
});

test("of nothing there is no part", () => {
  expect(parseRange("bytes=0-0", 0)).toBe("unsatisfiable");
  expect(parseRange("bytes=-1", 0)).toBe("unsatisfiable");
});
