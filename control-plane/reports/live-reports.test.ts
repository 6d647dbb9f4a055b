import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import type { Node, NodePlugin } from "../model/node.ts";
import { LiveReports } from "./live-reports.ts";

const LIMITS = { heartbeat: 10_000, grace: 5_000, answerTimeout: 30_000 };
const NOTHING = { incarnation: "1", inForce: {}, staged: [] };

function nodeOf(id: string, cluster = "demo"): Node {
  const rest = { service: "shop", symbol: "stable", labels: {}, version: "0.1.0", platform: "linux/amd64" };
  return { id, cluster, revision: 1, ...rest };
}

function pluginOf(plugin: string, status: NodePlugin["status"], version = "1.0.0"): NodePlugin {
  return { plugin, version, digest: "", status, error: "", generation: 1 };
}

function connected(): { clock: ManualClock; reports: LiveReports } {
  const clock = new ManualClock();
  const reports = new LiveReports(clock, LIMITS);
  reports.remember(nodeOf("node-1"));
  reports.connected("node-1", NOTHING);
  return { clock, reports };
}

test("a node is ONLINE, SUSPECT after two missed heartbeats and OFFLINE after six", () => {
  const { clock, reports } = connected();
  expect(reports.presence("node-1")).toBe("ONLINE");
  clock.advance(25_000);
  expect(reports.presence("node-1")).toBe("ONLINE");
  clock.advance(1);
  expect(reports.presence("node-1")).toBe("SUSPECT");
  clock.advance(39_999);
  expect(reports.presence("node-1")).toBe("SUSPECT");
  clock.advance(1);
  expect(reports.presence("node-1")).toBe("OFFLINE");
  reports.heard("node-1");
  expect(reports.presence("node-1")).toBe("ONLINE");
});

test("a node whose stream ended is SUSPECT until it is OFFLINE by its silence, and STALE", () => {
  const { clock, reports } = connected();
  reports.disconnected("node-1");
  expect(reports.presence("node-1")).toBe("SUSPECT");
  expect(reports.sync("node-1")).toBe("STALE");
  clock.advance(65_001);
  expect(reports.presence("node-1")).toBe("OFFLINE");
});

test("of a chain that a node says it has in force it is known what that runs once it should have the same", () => {
  const { reports } = connected();
  const entries = [{ plugin: "guard", version: "1.0.0" }];
  const acked = (): unknown => reports.get("node-1")?.report.resources.chain.acked;
  reports.connected("node-1", { ...NOTHING, inForce: { chain: "a" } });
  reports.want("node-1", "chain", { hash: "b", tick: 1, entries: [] });
  expect(acked()).not.toHaveProperty("entries");
  reports.want("node-1", "chain", { hash: "a", tick: 1, entries });
  expect(acked()).toMatchObject({ hash: "a", entries, tick: 1 });

  reports.want("node-1", "chain", { hash: "b", tick: 2, entries: [] });
  reports.connected("node-1", { ...NOTHING, inForce: { chain: "a" } });
  expect(acked()).toMatchObject({ hash: "a", entries });
});

test("listeners hear of a node that fell silent once, and of heartbeats that say nothing new never", () => {
  const { clock, reports } = connected();
  const heard: string[] = [];
  using _ = reports.onChange((node) => heard.push(node));

  for (let i = 0; i < 5; i++) reports.heard("node-1");
  expect(heard).toEqual([]);
  clock.advance(26_000);
  reports.tellSilence();
  reports.tellSilence();
  expect(heard).toEqual(["node-1"]);
  reports.heard("node-1");
  expect(heard).toEqual(["node-1", "node-1"]);
});

test("Pallas: nodes that are gone are noticed only when an order is created", () => {
  const { clock, reports } = connected();
  const heard: string[] = [];
  using _ = reports.onChange((node) => heard.push(`${node} ${reports.presence(node)}`));

  for (let second = 0; second < 70; second++) {
    clock.advance(1_000);
    reports.tellSilence();
  }
  expect(heard).toEqual(["node-1 SUSPECT", "node-1 OFFLINE"]);
  reports.forget("node-1");
  expect(reports.list()).toEqual([]);
});

test("a wall clock that jumps makes no node OFFLINE", () => {
  const { clock, reports } = connected();
  const wall = clock.wall.bind(clock);
  clock.wall = () => wall() + 3_600_000;

  expect(reports.presence("node-1")).toBe("ONLINE");
  reports.disconnected("node-1");
  expect(reports.presence("node-1")).toBe("SUSPECT");
});

test("a lazy report changes what it names, a complete one is all there is", () => {
  const { reports } = connected();
  const words = (): readonly string[] =>
    reports
      .get("node-1")!
      .report.plugins.map(({ plugin, version, status }) => `${plugin}@${version} ${status}`);

  reports.runs("node-1", [pluginOf("guard", "RUNNING"), pluginOf("tag", "RUNNING")], true);
  reports.runs("node-1", [pluginOf("guard", "FAILED")], false);
  expect(words()).toEqual(["guard@1.0.0 FAILED", "tag@1.0.0 RUNNING"]);

  // Another version is another line: aliyun's plugin manager compares the status alone and keeps quiet about it.
  reports.runs("node-1", [pluginOf("guard", "FAILED", "2.0.0")], false);
  expect(words()).toContain("guard@2.0.0 FAILED");
  reports.runs("node-1", [pluginOf("guard", "RUNNING", "2.0.0")], true);
  expect(words()).toEqual(["guard@2.0.0 RUNNING"]);
});

test("what a node said to run is of before until a complete report of this connection", () => {
  const { reports } = connected();
  const isBefore = (): boolean | undefined => reports.get("node-1")?.report.pluginsBefore;

  reports.runs("node-1", [pluginOf("guard", "RUNNING")], true);
  expect(isBefore()).toBe(false);
  reports.connected("node-1", NOTHING);
  reports.runs("node-1", [pluginOf("guard", "RUNNING")], false);
  expect(isBefore()).toBe(true);
  const heard: string[] = [];
  using _ = reports.onChange((node) => heard.push(node));
  reports.runs("node-1", [pluginOf("guard", "RUNNING")], true);
  expect([isBefore(), heard]).toEqual([false, ["node-1"]]);
});

test("a report that says nothing new is told to nobody", () => {
  const { reports } = connected();
  reports.runs("node-1", [pluginOf("guard", "RUNNING")], true);
  const heard: string[] = [];
  using _ = reports.onChange((node) => heard.push(node));

  reports.runs("node-1", [pluginOf("guard", "RUNNING")], true);
  reports.runs("node-1", [pluginOf("guard", "RUNNING")], false);
  expect(heard).toEqual([]);
});

test("what a node says to have staged when it connects is loadable; what it could not load stays said", () => {
  const { reports } = connected();
  const invalid = { plugin: "guard", version: "2.0.0", digest: "2", state: "INVALID", detail: "no" } as const;
  const gone = { plugin: "tag", version: "1.0.0", digest: "3", state: "LOADABLE", detail: "" } as const;
  reports.holds("node-1", invalid);
  reports.holds("node-1", gone);

  reports.connected("node-1", { ...NOTHING, staged: [{ plugin: "guard", version: "1.0.0", digest: "1" }] });

  const { packages } = reports.get("node-1")!.report;
  expect(packages.map(({ digest, state }) => [digest, state])).toEqual([
    ["2", "INVALID"],
    ["1", "LOADABLE"],
  ]);
});

test("what a node is to try again does not count as invalid because it says so once more before it has heard", () => {
  const { reports } = connected();
  const item = { plugin: "guard", version: "1.0.0", digest: "a".repeat(64), detail: "no execute" };
  const states = (): readonly string[] => reports.get("node-1")!.report.packages.map(({ state }) => state);
  reports.holds("node-1", { ...item, state: "INVALID" });
  reports.disconnected("node-1");

  reports.retry("node-1");
  reports.connected("node-1", NOTHING);
  reports.holds("node-1", { ...item, state: "INVALID" });
  expect(states()).toEqual([]);

  reports.sent("node-1", "stage", { hash: "h", tick: 1 });
  reports.holds("node-1", { ...item, state: "FETCHING" });
  reports.holds("node-1", { ...item, state: "INVALID" });
  expect(states()).toEqual(["INVALID"]);
  expect(reports.get("node-1")!.report.again).toEqual([]);
});

test("a node that names thousands of packages and plugins is bounded", () => {
  const { reports } = connected();
  for (let i = 0; i < 2_000; i++)
    reports.holds("node-1", { plugin: "p", version: `${i}`, digest: "", state: "FETCHING", detail: "" });
  const plugins = Array.from({ length: 2_000 }, (_, index) => pluginOf(`p${index}`, "RUNNING"));
  reports.runs("node-1", plugins, false);

  const { report } = reports.get("node-1")!;
  expect(report.packages).toHaveLength(500);
  expect(report.plugins).toHaveLength(500);
});

test("convergence is a cluster's own, and nodes that are OFFLINE do not stand in its way", () => {
  const { clock, reports } = connected();
  reports.remember(nodeOf("node-2"));
  reports.remember(nodeOf("node-3", "other"));
  expect(reports.convergence("demo")).toEqual({
    nodes: 2,
    online: 1,
    synced: 0,
    pending: 1,
    rejected: 0,
    converged: false,
  });

  for (const type of ["stage", "route", "chain"] as const) {
    reports.want("node-1", type, { hash: type, tick: 2 });
    reports.sent("node-1", type, { hash: type, tick: 2 });
    reports.acked("node-1", type);
  }
  reports.computed("node-1");
  expect(reports.convergence("demo")).toMatchObject({ synced: 1, pending: 0, converged: true });
  clock.advance(70_000);
  expect(reports.convergence("demo")).toMatchObject({ nodes: 2, online: 0, synced: 0, converged: true });
  expect(reports.convergence()).toMatchObject({ nodes: 3 });
});

test("nothing is settled before two report intervals", () => {
  const { clock, reports } = connected();
  clock.advance(19_999);
  expect(reports.settled).toBe(false);
  clock.advance(1);
  expect(reports.settled).toBe(true);
});
