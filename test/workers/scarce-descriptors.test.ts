import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { readSettings } from "../../sidecar/settings-source.ts";
import { WorkerSeat } from "../../sidecar/workers/worker-seat.ts";
import { ScarceDescriptors } from "../support/descriptor-limit.ts";

const FREE = ["inbound", "outbound"].flatMap((name) => [`--${name}`, "127.0.0.1:0"]);

test("a worker that dies while no process can be made is replaced as soon as one can", async () => {
  const clock = new ManualClock();
  const { values: settings } = await readSettings(FREE, {});
  const died = Promise.withResolvers<void>();
  const replaced = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<string>();
  await using seat = new WorkerSeat(1, {
    settings,
    clock,
    logLevel: () => "silent",
    admit: async () => {},
    dismiss: () => died.resolve(),
    onDeath: () => {},
    onReplaced: replaced.resolve,
    log: createLogger("error", {
      write: (line) => line.includes("not be replaced") && refused.resolve(line),
    }),
    output: { write: () => {} },
    errors: { write: () => {} },
  });
  await seat.start();
  await seat.listen(undefined);
  const first = seat.pid ?? 0;

  {
    using _scarce = new ScarceDescriptors(0);
    process.kill(first, "SIGKILL");
    await died.promise;
    clock.advance(200);
    expect(await refused.promise).toMatch(/worker 1 cannot be started: EMFILE/);
    expect(seat.state).toBe("waiting");
  }
  clock.advance(400);
  await replaced.promise;

  expect(seat.state).toBe("serving");
  expect(seat.pid).not.toBe(first);
});
