import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { readSettings } from "../../sidecar/settings-source.ts";
import { WorkerSeat, type DeathCause } from "../../sidecar/workers/worker-seat.ts";

const FREE = ["inbound", "outbound"].flatMap((name) => [`--${name}`, "127.0.0.1:0"]);

test("a worker that does not turn any more is ended and replaced", async () => {
  const clock = new ManualClock();
  const { values: settings } = await readSettings(FREE, {});
  const deaths: DeathCause[] = [];
  const died = Promise.withResolvers<void>();
  const replaced = Promise.withResolvers<void>();
  await using seat = new WorkerSeat(1, {
    settings,
    clock,
    logLevel: () => "silent",
    admit: async () => {},
    dismiss: () => died.resolve(),
    onDeath: (cause) => deaths.push(cause),
    onReplaced: replaced.resolve,
    log: createLogger("silent"),
    output: { write: () => {} },
    errors: { write: () => {} },
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
