import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Effects } from "./effects.ts";
import { STANDBY_LAG } from "./limits.ts";
import type { IdleTimers } from "./protocol/messages.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A generation with one timer of 1 ms that nobody waits for. */
function withTimer(timers: IdleTimers) {
  const fired: number[] = [];
  const link = {
    timers,
    send: () => {},
    fetch: () => () => {},
    turn: () => {},
    sweepSoon: () => {},
  };
  const effects = new Effects(1, link, {
    timer: (id) => void fired.push(id),
    fetched: () => {},
    debt: () => 0,
    waitedFor: () => false,
  });
  effects.startTimer(7, 1, 1);
  return { effects, link, fired };
}

test("a standby fires late, and not as long as the active host may be hanging in the same timer", () => {
  const { link, fired } = withTimer("held");

  vi.advanceTimersByTime(10 * STANDBY_LAG);
  expect(fired).toEqual([]);

  link.timers = "late";
  vi.advanceTimersByTime(STANDBY_LAG);
  expect(fired).toEqual([7]);
});

test("what was put off is due when the standby becomes the active host", () => {
  const { effects, link, fired } = withTimer("held");
  vi.advanceTimersByTime(STANDBY_LAG);

  link.timers = "due";
  effects.hasten();
  vi.advanceTimersByTime(1);

  expect(fired).toEqual([7]);
});
