import { expect, test } from "vitest";
import { ManualClock } from "../../core/manual-clock.ts";
import { failure } from "../../test/support/scripted-runtime.ts";
import { Breaker } from "./breaker.ts";
import type { BreakerState } from "./observer.ts";
import { ALLOW } from "./verdict.ts";

function startBreaker(): { breaker: Breaker; clock: ManualClock; changes: BreakerState[] } {
  const clock = new ManualClock();
  const changes: BreakerState[] = [];
  const breaker = new Breaker({ clock, random: () => 0, onChange: (state) => changes.push(state) });
  return { breaker, clock, changes };
}

function fail(breaker: Breaker, times: number): void {
  for (let i = 0; i < times; i++) breaker.record(failure("throw"));
}

test("five failures among the last twenty answers trip it, the fifth and not the fourth", () => {
  const { breaker } = startBreaker();
  fail(breaker, 4);
  for (let i = 0; i < 15; i++) breaker.record(ALLOW);
  expect(breaker.state).toBe("admitting");
  fail(breaker, 1);
  expect(breaker.state).toBe("tripped");
});

test("failures older than twenty answers are forgotten", () => {
  const { breaker } = startBreaker();
  fail(breaker, 4);
  for (let i = 0; i < 20; i++) breaker.record(ALLOW);
  fail(breaker, 4);
  expect(breaker.state).toBe("admitting");
});

test("one CPU overrun trips it at once", () => {
  const { breaker } = startBreaker();
  breaker.record(failure("cpu"));
  expect(breaker.state).toBe("tripped");
});

test.each(["host_busy", "queue_full", "chain_deadline", "host_gone"] as const)(
  "%s never counts: whoever waits is not to blame",
  (cause) => {
    const { breaker } = startBreaker();
    const wait = (): void => {
      for (let i = 0; i < 100; i++) breaker.record(failure(cause));
    };
    wait();
    fail(breaker, 4);
    wait();
    expect(breaker.state).toBe("admitting");
    fail(breaker, 1);
    expect(breaker.state).toBe("tripped");
  },
);

test("one probe is due a second after the trip, for one caller only", () => {
  const { breaker, clock } = startBreaker();
  breaker.record(failure("cpu"));
  clock.advance(999);
  expect(breaker.takeProbe(0)).toBe(false);
  clock.advance(1);
  expect(breaker.takeProbe(clock.now() + 50)).toBe(true);
  expect(breaker.state).toBe("probing");
  expect(breaker.takeProbe(clock.now() + 50)).toBe(false);
});

test("a probe that works admits again, with a clean record", () => {
  const { breaker, clock, changes } = startBreaker();
  fail(breaker, 5);
  clock.advance(1_000);
  breaker.takeProbe(clock.now() + 50);
  breaker.probed(ALLOW);
  fail(breaker, 4);
  expect(changes).toEqual(["tripped", "probing", "admitting"]);
});

test("failing probes back off from one second to at most a minute, and a success starts over", () => {
  const { breaker, clock } = startBreaker();
  breaker.record(failure("cpu"));
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const start = clock.now();
    while (!breaker.takeProbe(clock.now() + 50)) clock.advance(500);
    waits.push(clock.now() - start);
    breaker.probed(i === 6 ? ALLOW : failure("throw"));
    if (i === 6) breaker.record(failure("cpu"));
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 48_000, 1_000]);
});

test("a probe that had to wait proves nothing and does not lengthen the back-off", () => {
  const { breaker, clock } = startBreaker();
  breaker.record(failure("cpu"));
  for (let i = 0; i < 10; i++) {
    clock.advance(1_000);
    expect(breaker.takeProbe(clock.now() + 50)).toBe(true);
    breaker.probed(failure("host_busy"));
    expect(breaker.state).toBe("tripped");
  }
});

test("a probe that never answers has failed a second after its deadline", () => {
  const { breaker, clock } = startBreaker();
  breaker.record(failure("cpu"));
  clock.advance(1_000);
  breaker.takeProbe(clock.now() + 50);
  clock.advance(1_050);
  expect(breaker.takeProbe(clock.now() + 50)).toBe(false);
  expect(breaker.state).toBe("tripped");
  clock.advance(2_000);
  expect(breaker.takeProbe(clock.now() + 50)).toBe(true);
});

test("answers that arrive after the trip change nothing", () => {
  const { breaker, changes } = startBreaker();
  breaker.record(failure("cpu"));
  breaker.record(ALLOW);
  breaker.record(failure("cpu"));
  breaker.probed(ALLOW);
  expect(changes).toEqual(["tripped"]);
});
