import { expect, test } from "vitest";

import { createLogger } from "../../../core/log.ts";
import { ManualClock } from "../../../core/manual-clock.ts";
import type { LogLine } from "../../plugin-host/protocol/messages.ts";
import { MAX_LINES, PluginLog } from "./plugin-log.ts";

interface Written {
  readonly msg: string;
  readonly dropped?: number;
  readonly plugin?: string;
}

function setUp() {
  const written: Written[] = [];
  const log = createLogger("debug", { write: (text) => void written.push(JSON.parse(text) as Written) });
  const clock = new ManualClock();
  return { written, clock, plugin: new PluginLog(log.child({ plugin: "a" }), clock) };
}

const lines = (count: number): LogLine[] =>
  Array.from({ length: count }, () => ({ level: "info", text: "hello" }));

test("a plugin's lines are in the log under its name", () => {
  const { written, plugin } = setUp();

  plugin.write({ kind: "log", generation: 1, lines: lines(1), dropped: 0 });

  expect(written).toMatchObject([{ msg: "hello", plugin: "a" }]);
});

test("a flood is cut, and how much was lost is said once there is room", () => {
  const { written, plugin, clock } = setUp();

  plugin.write({ kind: "log", generation: 1, lines: lines(10_000), dropped: 5 });
  expect(written).toHaveLength(MAX_LINES);

  clock.advance(1_000);
  plugin.write({ kind: "log", generation: 1, lines: lines(1), dropped: 0 });
  expect(written.slice(MAX_LINES)).toMatchObject([{ msg: "hello" }, { dropped: 10_000 - MAX_LINES + 5 }]);
});
