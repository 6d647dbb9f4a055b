import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { StopSignals } from "./stop-signals.ts";

test("one Ctrl-C that the terminal and npm both tell of asks for an end in order, a later one for an end at once", async () => {
  const clock = new ManualClock();
  using signals = new StopSignals(clock);
  let hurried = false;
  void signals.hurried.then(() => (hurried = true));

  process.emit("SIGINT");
  await signals.stopped;
  clock.advance(999);
  process.emit("SIGINT");
  await Promise.resolve();
  expect(hurried).toBe(false);

  clock.advance(1);
  process.emit("SIGINT");
  await signals.hurried;
});
