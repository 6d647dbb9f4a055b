import * as fc from "fast-check";
import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { Deadlines } from "./deadlines.ts";

function wheel(resolution = 100) {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock, resolution);
  const fired: string[] = [];
  const named = (name: string) => deadlines.deadline(() => void fired.push(`${name}@${clock.now()}`));
  return { clock, deadlines, fired, named };
}

test("a deadline fires once, not before its time and at most two resolutions after it", () => {
  const { clock, fired, named } = wheel();
  named("head").arm(1_000);

  clock.advance(1_000);
  expect(fired).toEqual([]);

  clock.advance(5_000);
  expect(fired).toEqual(["head@1100"]);
});

test("arming again replaces the old time, whether it is earlier or later", () => {
  const { clock, fired, named } = wheel();
  const later = named("later");
  const earlier = named("earlier");
  later.arm(500);
  earlier.arm(60_000);

  later.arm(2_000);
  earlier.arm(200);
  clock.advance(100_000);

  expect(fired).toEqual(["earlier@300", "later@2100"]);
});

test("a disarmed deadline does not fire, and zero means none", () => {
  const { clock, fired, named } = wheel();
  const idle = named("idle");
  idle.arm(300);
  idle.disarm();
  const none = named("none");
  none.arm(300);
  none.arm(0);

  clock.advance(200_000);

  expect(fired).toEqual([]);
  expect(idle.armed).toBe(false);
});

test("a deadline further away than a turn of the wheel waits its whole time", () => {
  const { clock, fired, named } = wheel();
  named("far").arm(600_000);

  clock.advance(700_000);

  expect(fired).toEqual(["far@600100"]);
});

test("what fires may arm itself and others that are due in the same moment", () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const fired: string[] = [];
  const victim = deadlines.deadline(() => void fired.push(`victim@${clock.now()}`));
  const first = deadlines.deadline(() => {
    fired.push(`first@${clock.now()}`);
    victim.arm(1_000);
    if (fired.length < 2) first.arm(100);
  });
  victim.arm(100);
  first.arm(100);

  clock.advance(3_000);

  expect(fired).toEqual(["first@200", "first@400", "victim@1500"]);
});

test("the wheel's timer runs only while something may be due", () => {
  const { clock, deadlines, named } = wheel();
  expect(clock.pending).toBe(0);

  const idle = named("idle");
  idle.arm(500);
  expect(clock.pending).toBe(1);

  idle.disarm();
  clock.advance(700);
  expect(clock.pending).toBe(0);
  expect(deadlines.running).toBe(false);

  idle.arm(500);
  expect(deadlines.running).toBe(true);
});

test("any sequence of arming, disarming and waiting fires exactly what is due", () => {
  const step = fc.record({
    which: fc.nat(4),
    delay: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 }), fc.integer({ min: 400, max: 40_000 })),
    wait: fc.oneof(fc.constant(0), fc.nat(600), fc.nat(30_000)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const resolution = 10;
      const clock = new ManualClock();
      const deadlines = new Deadlines(clock, resolution);
      const due: (number | undefined)[] = [];
      const all = [0, 1, 2, 3, 4].map((which) =>
        deadlines.deadline(() => {
          const late = clock.now() - (due[which] ?? Number.NaN);
          expect(late).toBeGreaterThanOrEqual(0);
          expect(late).toBeLessThanOrEqual(2 * resolution);
          due[which] = undefined;
        }),
      );
      for (const { which, delay, wait } of steps) {
        all[which]?.arm(delay);
        due[which] = delay === 0 ? undefined : clock.now() + delay;
        clock.advance(wait);
      }
      clock.advance(100_000);
      expect(due.filter((at) => at !== undefined)).toEqual([]);
      expect(clock.pending).toBe(0);
    }),
  );
});
