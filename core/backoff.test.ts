import { expect, test } from "vitest";
import { Backoff } from "./backoff.ts";

test("without jitter delays double from the first to below the ceiling, and begin again after a reset", () => {
  const backoff = new Backoff({ first: 1_000, ceiling: 60_000, random: () => 0 });
  const delays = Array.from({ length: 8 }, () => backoff.next());
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 48_000, 48_000]);
  backoff.reset();
  expect(backoff.next()).toBe(1_000);
});

test("jitter only lengthens a delay, and never beyond the ceiling", () => {
  const backoff = new Backoff({ first: 1_000, ceiling: 60_000, random: () => 1 });
  const delays = Array.from({ length: 8 }, () => backoff.next());
  expect(delays[0]).toBe(1_250);
  expect(Math.max(...delays)).toBe(60_000);
});

test("a ceiling that leaves no room for jitter is refused", () => {
  expect(() => new Backoff({ first: 1_000, ceiling: 1_000 })).toThrow(RangeError);
  expect(() => new Backoff({ first: 0, ceiling: 1_000 })).toThrow(RangeError);
});
