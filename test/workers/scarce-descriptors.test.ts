import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { ScarceDescriptors } from "../support/descriptor-limit.ts";
import { seatWith } from "../support/worker-seat.ts";

test("a worker that dies while no process can be made is replaced as soon as one can", async () => {
  const clock = new ManualClock();
  const died = Promise.withResolvers<void>();
  const replaced = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<string>();
  await using seat = await seatWith(clock, {
    dismiss: () => died.resolve(),
    onReplaced: replaced.resolve,
    log: createLogger("error", {
      write: (line) => line.includes("not be replaced") && refused.resolve(line),
    }),
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
