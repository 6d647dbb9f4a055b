import { assert, nat, property } from "fast-check";
import { expect, test } from "vitest";

import { formatDuration, parseDuration } from "./duration.ts";

test.for([
  ["50ms", 50],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["0ms", 0],
] as const)("the duration %s is %d ms", ([text, expected]) => {
  expect(parseDuration(text)).toBe(expected);
});

test.for(["", "50", "ms", "-1s", "1 s", "1S", "1d", "1e3ms", "1.ms", "99999999999s", "1s\n"])(
  "%j is no duration",
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test("what was formatted reads back as the same number", () => {
  assert(property(nat({ max: 999_999_999 }), (value) => parseDuration(formatDuration(value)) === value));

  expect([0, 75_000, 1_500, 120_000].map(formatDuration)).toEqual(["0ms", "75s", "1500ms", "2m"]);
});
