import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import type { DeathCause } from "../../sidecar/workers/worker-seat.ts";
import { seatWith } from "../support/worker-seat.ts";

test("a worker that does not turn any more is ended and replaced", async () => {
  const clock = new ManualClock();
  const deaths: DeathCause[] = [];
  const died = Promise.withResolvers<void>();
  const replaced = Promise.withResolvers<void>();
  await using seat = await seatWith(clock, {
    dismiss: () => died.resolve(),
    onDeath: (cause) => deaths.push(cause),
    onReplaced: replaced.resolve,
  });
  await seat.start();
  await seat.listen(undefined);
  const stopped = seat.pid ?? 0;

  process.kill(stopped, "SIGSTOP");
  const checking = seat.check();
  clock.advance(20_000);
  await checking;
  await died.promise;
  expect({ deaths, state: seat.state }).toEqual({ deaths: ["silent"], state: "waiting" });
  clock.advance(200);
  await replaced.promise;

  expect(seat.state).toBe("serving");
  expect(seat.pid).not.toBe(stopped);
});
