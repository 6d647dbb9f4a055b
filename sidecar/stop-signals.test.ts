import { EventEmitter } from "node:events";
import { expect, test } from "vitest";

import { StopSignals } from "./stop-signals.ts";

function listen(): {
  readonly source: EventEmitter;
  readonly signals: StopSignals;
  readonly isCut: () => boolean;
} {
  const source = new EventEmitter();
  const signals = new StopSignals(source, 5_000);
  let isCut = false;
  void signals.cut.then(() => (isCut = true));
  return { source, signals, isCut: () => isCut };
}

test("SIGTERM begins a drain with its delay, SIGINT one without, and only the first counts", async () => {
  const polite = listen();
  polite.source.emit("SIGTERM");
  polite.source.emit("SIGTERM");
  const hasty = listen();
  hasty.source.emit("SIGINT");
  hasty.source.emit("SIGTERM");

  expect(await polite.signals.stop).toBe(5_000);
  expect(await hasty.signals.stop).toBe(0);
  expect([polite.isCut(), hasty.isCut()]).toEqual([false, false]);
});

test.for(["SIGINT", "SIGTERM", "drain"])("SIGINT after %s cuts the drain short", async (first) => {
  const { source, signals } = listen();
  if (first === "drain") signals.drain();
  else source.emit(first);

  source.emit("SIGINT");

  expect(await signals.cut).toBeUndefined();
});
