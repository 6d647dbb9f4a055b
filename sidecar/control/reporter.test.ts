import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { PluginReport } from "../../proto/gen/mesh/v1/PluginReport.ts";
import type { PluginState } from "../../proto/gen/mesh/v1/PluginState.ts";
import { DEFAULT_INTERVALS, intervalsOf } from "./intervals.ts";
import { Reporter } from "./reporter.ts";

const INTERVALS = {
  ...DEFAULT_INTERVALS,
  heartbeat: 10_000,
  scan: 60_000,
  avoid: 60_000,
  jitter: 60_000,
};

const plugin = (state: PluginState, more: Partial<PluginReport> = {}): PluginReport => ({
  plugin: "guard",
  version: "1.0.0",
  digest: "d",
  state,
  error: "",
  generation: 1,
  ...more,
});

/** A reporter whose jitter is `random` of its ceiling. */
function setUp(random = 0.5) {
  const clock = new ManualClock();
  const sent: NonNullable<NodeMessage["status"]>[] = [];
  const removals: PluginReport[] = [];
  let plugins: readonly PluginReport[] = [plugin("RUNNING")];
  let exchanges = 0;
  const reporter = new Reporter({
    look: async () => ({ running: [], inFlight: 2, exchanges }),
    plugins: () => plugins,
    onConfirmedRemoval: (gone) => removals.push(gone),
    clock,
    random: () => random,
  });
  const send = (message: NodeMessage): void => {
    if (message.status) sent.push(message.status);
  };
  /** Lets time pass in steps, so that what a timer begins is done before the next one. */
  const pass = async (milliseconds: number, step = 1_000): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += step) {
      clock.advance(Math.min(step, milliseconds - passed));
      await Promise.resolve().then(() => Promise.resolve());
    }
  };
  const confirm = (): void => reporter.confirmed(Number(sent.at(-1)?.sequence), undefined, false);
  return {
    reporter,
    sent,
    removals,
    send,
    pass,
    confirm,
    set: (...next: readonly PluginReport[]) => (plugins = next),
    count: (next: number) => (exchanges = next),
  };
}

const kinds = (sent: readonly { readonly kind?: unknown }[]): unknown[] => sent.map(({ kind }) => kind);

test("a plugin that trips is told soon, whoever noticed, and one that flaps only now and then", async () => {
  const { reporter, sent, send, pass, set, confirm } = setUp();
  reporter.begin({ ...INTERVALS, heartbeat: 1e9, scan: 1e9, jitter: 1 }, send);
  await pass(3_000);
  confirm();
  expect(kinds(sent)).toEqual(["INVENTORY"]);

  set(plugin("FAILED", { error: "tripped" }));
  await pass(1_200, 100);
  expect(sent.at(-1)).toMatchObject({ kind: "CHANGES", plugins: [{ state: "FAILED", error: "tripped" }] });
  confirm();
  for (let second = 0; second < 20; second++) {
    set(plugin(second % 2 === 0 ? "RUNNING" : "FAILED"));
    await pass(1_000, 100);
    confirm();
  }
  expect(sent.length).toBeLessThan(8);
  await pass(6_000, 100);
  expect(sent.at(-1)).toMatchObject({ plugins: [{ state: "FAILED" }] });
});

test("what is so when a session begins waits for its first report", async () => {
  const { reporter, sent, send, pass, set } = setUp(0.9);
  reporter.begin({ ...INTERVALS, heartbeat: 1e9, scan: 1e9 }, send);
  await pass(20_000);
  expect(sent).toEqual([]);
  reporter.end();
  set(plugin("FAILED"));
  reporter.begin({ ...INTERVALS, heartbeat: 1e9, scan: 1e9 }, send);
  await pass(20_000);
  expect(sent).toEqual([]);
});

test("heartbeats come in their interval, the first after a random part of it", async () => {
  const { reporter, sent, send, pass } = setUp(0.3);
  reporter.begin({ ...INTERVALS, jitter: 1e9 }, send);
  await pass(2_000);
  expect(sent).toEqual([]);
  await pass(1_000);
  expect(kinds(sent)).toEqual(["HEARTBEAT"]);
  await pass(20_000);
  expect(kinds(sent)).toEqual(["HEARTBEAT", "HEARTBEAT", "HEARTBEAT"]);
});

test("the first inventory comes after its jitter, holds everything, and comes again in its interval", async () => {
  const { reporter, sent, send, pass } = setUp(0.5);
  reporter.begin({ ...INTERVALS, heartbeat: 1e9, scan: 1e9, inventory: 100_000 }, send);
  await pass(29_000);
  expect(sent).toEqual([]);
  await pass(1_000);
  expect(sent).toMatchObject([{ kind: "INVENTORY", complete: true, plugins: [{ plugin: "guard" }] }]);
  await pass(100_000);
  expect(sent).toHaveLength(2);
});

test.for([
  ["another status", plugin("FAILED")],
  ["another error", plugin("RUNNING", { error: "slow" })],
  ["another version", plugin("RUNNING", { version: "1.1.0" })],
  ["another name", plugin("RUNNING", { plugin: "tag" })],
] as const)(
  "%s is a change and is told, once the burst is over; what is confirmed is not told again",
  async ([, next]) => {
    const { reporter, sent, send, pass, confirm, set } = setUp();
    reporter.begin({ ...INTERVALS, heartbeat: 1e9, jitter: 1e9 }, send);
    reporter.changed();
    await pass(100);
    confirm();

    set(next);
    reporter.changed();
    reporter.changed();
    await pass(100, 50);
    confirm();
    reporter.changed();
    await pass(100);

    expect(sent.map(({ kind, complete, plugins }) => ({ kind, complete, plugins }))).toEqual([
      { kind: "CHANGES", complete: false, plugins: [plugin("RUNNING")] },
      { kind: "CHANGES", complete: false, plugins: [next] },
    ]);
  },
);

test("a report counts as sent only when it was confirmed", async () => {
  const { reporter, sent, send, pass, confirm } = setUp();
  reporter.begin({ ...INTERVALS, heartbeat: 1e9, jitter: 1e9 }, send);
  for (let report = 0; report < 2; report++) {
    reporter.changed();
    await pass(100);
  }
  expect(sent).toHaveLength(2);
  reporter.confirmed(99, undefined, false);
  reporter.changed();
  await pass(100);
  expect(sent).toHaveLength(3);
  confirm();
  reporter.changed();
  await pass(100);
  expect(sent).toHaveLength(3);
});

test("a heartbeat holds what changed, but never sooner than the avoid time after another report of status", async () => {
  const { reporter, sent, send, pass, set, confirm } = setUp(0);
  reporter.begin({ ...INTERVALS, scan: 1e9, inventory: 1e9, jitter: 1e9, avoid: 25_000 }, send);
  await pass(1);
  confirm();
  set(plugin("FAILED"));
  await pass(40_000);

  const withStatus = sent.filter(({ kind, plugins = [] }) => kind === "HEARTBEAT" && plugins.length > 0);
  expect(withStatus).toMatchObject([{ plugins: [{ state: "RUNNING" }] }, { plugins: [{ state: "FAILED" }] }]);
  expect(sent.indexOf(withStatus[1] ?? sent[0]!)).toBe(sent.length - 2);
});

test("in full mode every report of status holds every plugin", async () => {
  const { reporter, sent, send, pass, confirm } = setUp();
  reporter.begin({ ...INTERVALS, heartbeat: 1e9, jitter: 1e9, full: true }, send);
  reporter.changed();
  await pass(100);
  confirm();
  reporter.changed();
  await pass(100);
  expect(sent).toMatchObject([
    { complete: true, plugins: [{}] },
    { complete: true, plugins: [{}] },
  ]);
});

test("everything is sent soon when the control plane asks for it", async () => {
  const { reporter, sent, send, pass } = setUp();
  reporter.begin({ ...INTERVALS, heartbeat: 1e9, scan: 1e9, jitter: 1e6 }, send);
  reporter.confirmed(0, undefined, true);
  await pass(1_000, 100);
  expect(sent).toMatchObject([{ kind: "INVENTORY", complete: true }]);
});

test("the control plane's intervals replace those before", async () => {
  const { reporter, sent, send, pass } = setUp(0.5);
  reporter.begin({ ...INTERVALS, jitter: 1e9 }, send);
  reporter.confirmed(0, { ...INTERVALS, heartbeat: 1_000, jitter: 1e9 }, false);
  await pass(3_000);
  expect(kinds(sent)).toEqual(["HEARTBEAT", "HEARTBEAT", "HEARTBEAT"]);
});

test("a removal is told until it is confirmed", async () => {
  const { reporter, removals, send, pass, set, confirm } = setUp();
  reporter.begin({ ...INTERVALS, heartbeat: 1e9, jitter: 1e9 }, send);
  set(plugin("REMOVED"));
  reporter.changed();
  await pass(100);
  expect(removals).toEqual([]);
  confirm();
  expect(removals).toEqual([plugin("REMOVED")]);
});

test("counts are since the last report, and nothing is sent when the session is over", async () => {
  const { reporter, sent, send, pass, count } = setUp(0.1);
  reporter.begin({ ...INTERVALS, jitter: 1e9 }, send);
  count(5);
  await pass(1_000);
  count(12);
  await pass(10_000);
  expect(sent.map(({ exchanges, inFlight }) => [exchanges, inFlight])).toEqual([
    [5, 2],
    [7, 2],
  ]);
  reporter.end();
  reporter.changed();
  await pass(100_000);
  expect(sent).toHaveLength(2);
});

test("a new session counts from one, and what the last one did not confirm is told again", async () => {
  const { reporter, sent, send, pass } = setUp();
  for (let session = 0; session < 2; session++) {
    reporter.begin({ ...INTERVALS, heartbeat: 1e9, jitter: 1e9 }, send);
    reporter.changed();
    await pass(100);
  }
  expect(sent).toMatchObject([
    { sequence: 1, plugins: [{}] },
    { sequence: 1, plugins: [{}] },
  ]);
});

test("a confirmation does not count for what the session before sent under the same number", async () => {
  const { reporter, sent, removals, send, pass, set, confirm } = setUp(0.1);
  const quiet = { ...INTERVALS, scan: 1e9, jitter: 1e9 };
  reporter.begin({ ...quiet, heartbeat: 1e9 }, send);
  set(plugin("REMOVED"));
  reporter.changed();
  await pass(100);
  reporter.end();

  // Its first heartbeat is too close to that report to hold anything.
  reporter.begin(quiet, send);
  await pass(1_000);
  expect(sent).toMatchObject([
    { sequence: 1, kind: "CHANGES", plugins: [plugin("REMOVED")] },
    { sequence: 1, kind: "HEARTBEAT", plugins: [] },
  ]);
  confirm();
  expect(removals).toEqual([]);
  reporter.changed();
  await pass(100);

  expect(sent.at(-1)).toMatchObject({ sequence: 2, kind: "CHANGES", plugins: [plugin("REMOVED")] });
  confirm();
  expect(removals).toEqual([plugin("REMOVED")]);
});

// Defects of aliyun's plugin manager, each by its name; none is ours.

test("aliyun: a report counts as sent before it was, so that a failed one loses its change", async () => {
  const { reporter, sent, send, pass, set, confirm } = setUp();
  const quiet = { ...INTERVALS, heartbeat: 1e9, jitter: 1e9 };
  reporter.begin(quiet, send);
  reporter.changed();
  await pass(100);
  confirm();
  set(plugin("FAILED"));
  reporter.changed();
  await pass(100);
  reporter.end();

  reporter.begin(quiet, send);
  reporter.changed();
  await pass(100);

  expect(sent.slice(1)).toMatchObject([{ plugins: [plugin("FAILED")] }, { plugins: [plugin("FAILED")] }]);
});

test("aliyun: reports compare the status only, so that another version is silent", async () => {
  const { reporter, sent, send, pass, set, confirm } = setUp();
  reporter.begin({ ...INTERVALS, heartbeat: 1e9, jitter: 1e9 }, send);
  reporter.changed();
  await pass(100);
  confirm();
  set(plugin("RUNNING", { version: "1.1.0" }));
  reporter.changed();
  await pass(100);

  expect(sent.at(-1)).toMatchObject({ kind: "CHANGES", plugins: [{ version: "1.1.0", state: "RUNNING" }] });
});

test("aliyun: an interval is declared and not used", async () => {
  const declared = { heartbeat: 7_000, scan: 11_000, avoid: 100, inventory: 13_000, jitter: 1 };
  const { reporter, sent, send, pass } = setUp(0);
  reporter.begin(intervalsOf({ ...declared, mode: "LAZY" }), send);
  const counts = (): unknown => Object.groupBy(kinds(sent) as string[], (kind) => kind);
  const times = (kind: string, count: number): readonly string[] => Array<string>(count).fill(kind);

  await pass(76_000);
  expect(counts()).toEqual({
    HEARTBEAT: times("HEARTBEAT", 11),
    SCAN: times("SCAN", 6),
    INVENTORY: times("INVENTORY", 6),
  });

  // And each of them again, as a confirmation declares it.
  sent.splice(0);
  const slower = { ...declared, heartbeat: 19_000, scan: 23_000, inventory: 29_000 };
  reporter.confirmed(0, intervalsOf({ ...slower, mode: "LAZY" }), false);
  await pass(91_000);
  expect(counts()).toEqual({
    HEARTBEAT: times("HEARTBEAT", 4),
    SCAN: times("SCAN", 3),
    INVENTORY: times("INVENTORY", 3),
  });
});
