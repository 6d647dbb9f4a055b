import { expect, test } from "vitest";
import { ManualClock } from "./manual-clock.ts";

test("timers run when they are due, in the order in which they are due, and see that time", () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  clock.after(20, () => seen.push(`late ${clock.now()}`));
  clock.after(10, () => seen.push(`early ${clock.now()}`));
  clock.advance(9);
  expect(seen).toEqual([]);
  clock.advance(11);
  expect(seen).toEqual(["early 10", "late 20"]);
  expect(clock.pending).toBe(0);
});

test("a timer started by a timer runs in the same advance when it falls due", () => {
  const clock = new ManualClock();
  let ranAt = -1;
  clock.after(5, () => clock.after(5, () => (ranAt = clock.now())));
  clock.advance(100);
  expect(ranAt).toBe(10);
  expect(clock.now()).toBe(100);
});

test("a repeating timer runs once for each period until disposed of, even by itself", () => {
  const clock = new ManualClock();
  let runs = 0;
  const timer = clock.every(10, () => {
    runs++;
    if (runs === 3) timer[Symbol.dispose]();
  });
  clock.advance(100);
  expect(runs).toBe(3);
  expect(clock.pending).toBe(0);
});

test("a disposed timer never runs", () => {
  const clock = new ManualClock();
  const timer = clock.after(5, () => expect.unreachable());
  timer[Symbol.dispose]();
  timer[Symbol.dispose]();
  clock.advance(10);
});

test("the wall clock moves with the monotonic one", () => {
  const clock = new ManualClock(1_000);
  clock.advance(5);
  expect(clock.wall()).toBe(1_005);
});
