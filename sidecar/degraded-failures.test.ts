import { expect, test } from "vitest";

import { createLogger } from "../core/log.ts";
import { ManualClock } from "../core/manual-clock.ts";
import type { PluginRecord } from "./chain/chain.ts";
import { DegradedFailures } from "./degraded-failures.ts";

const FAILED: PluginRecord = {
  target: { plugin: "trial", version: "2.0.0", generation: 3 },
  position: 1,
  verdict: { kind: "failed", cause: "throw", detail: "Error: no table" },
  policy: undefined,
  micros: 40,
  background: true,
};

function setUp(): {
  readonly clock: ManualClock;
  readonly failures: DegradedFailures;
  readonly lines: Record<string, unknown>[];
} {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger("info", {
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const clock = new ManualClock();
  return { clock, failures: new DegradedFailures(log, clock), lines };
}

test("the first failure is told at once, those that follow are counted in the next line", () => {
  const { clock, failures, lines } = setUp();

  for (let i = 0; i < 1_000; i++) failures.asked(FAILED);
  clock.advance(10_000);
  failures.asked(FAILED);

  expect(lines).toMatchObject([
    {
      msg: "a degraded plugin failed",
      plugin: "trial",
      version: "2.0.0",
      position: 1,
      cause: "throw",
      more: 0,
    },
    { detail: "Error: no table", more: 999 },
  ]);
});

test("each plugin has its own turn", () => {
  const { failures, lines } = setUp();

  failures.asked(FAILED);
  failures.asked({ ...FAILED, target: { ...FAILED.target, plugin: "other" } });

  expect(lines.map(({ plugin }) => plugin)).toEqual(["trial", "other"]);
});

test("what succeeds, and what traffic waited for, is told elsewhere", () => {
  const { failures, lines } = setUp();

  failures.asked({ ...FAILED, verdict: { kind: "allow" } });
  failures.asked({ ...FAILED, background: false, policy: "open" });

  expect(lines).toEqual([]);
});

test("a plugin that left the chain and comes again begins anew", () => {
  const { failures, lines } = setUp();
  failures.asked(FAILED);

  failures.retain([]);
  failures.asked(FAILED);

  expect(lines).toHaveLength(2);
});
