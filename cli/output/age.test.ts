import { expect, test } from "vitest";

import { age } from "./age.ts";

const NOW = Date.parse("2026-05-01T12:00:00Z");

test.for([
  ["2026-05-01T11:59:59.500Z", "0s"],
  ["2026-05-01T11:59:46Z", "14s"],
  ["2026-05-01T11:58:01Z", "1m"],
  ["2026-05-01T09:00:00Z", "3h"],
  ["2026-04-28T12:00:00Z", "3d"],
  ["2026-05-01T12:00:03Z", "0s"],
  [undefined, "-"],
] as const)("%s is %s ago", ([at, expected]) => {
  expect(age(at, NOW)).toBe(expected);
});
