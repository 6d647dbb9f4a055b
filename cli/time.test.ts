import { expect, test } from "vitest";

import { parseTime } from "./time.ts";

const NOW = Date.parse("2026-05-01T12:00:00Z");

test.for([
  ["2026-05-02T08:00:00Z", "2026-05-02T08:00:00.000Z"],
  ["2026-05-02T08:00:00+02:00", "2026-05-02T06:00:00.000Z"],
  ["+30m", "2026-05-01T12:30:00.000Z"],
] as const)("%s is %s", ([text, expected]) => {
  expect(parseTime(text, NOW)).toBe(expected);
});

test.for(["tomorrow", "2026-05-02T08:00:00", "+30", ""])("%j is refused", (text) => {
  expect(() => parseTime(text, NOW)).toThrow("expected a time such as");
});
