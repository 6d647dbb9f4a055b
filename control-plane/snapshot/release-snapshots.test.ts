import { expect, test } from "vitest";

import {
  chainIn,
  entryFor,
  nodeNamed,
  releaseIn,
  reportOf,
  snapshotsIn,
  snapshotsOf,
  stagedIn,
  stateOf,
  type Said,
} from "../../test/support/snapshot-world.ts";
import type { Release } from "../model/release.ts";
import type { NodeSnapshot } from "./node-snapshot.ts";

const GUARD = [entryFor("guard")];
const BASE = releaseIn("DONE", "guard@1.0.0");
const HELD = { "guard@1.0.0": "LOADABLE" } as const;
const BOTH = { ...HELD, "guard@2.0.0": "LOADABLE" } as const;

function snapshot(releases: readonly Release[], said: Said, entries = GUARD): NodeSnapshot {
  return snapshotsOf(stateOf(entries, releases)).snapshotFor(nodeNamed("node-1"), reportOf(said));
}

function both(releases: readonly Release[], said: Said, entries = GUARD): unknown {
  const made = snapshot(releases, said, entries);
  return { stage: stagedIn(made), chain: chainIn(made) };
}

test("a new node is told what to hold, and what to run when it has said that it can", () => {
  expect(both([BASE], {})).toEqual({ stage: ["guard@1.0.0"], chain: undefined });
  expect(both([BASE], { packages: { "guard@1.0.0": "FETCHING" } })).toMatchObject({ chain: undefined });
  expect(both([BASE], { packages: HELD })).toEqual({ stage: ["guard@1.0.0"], chain: ["guard@1.0.0"] });
});

test("a node that can load no version has the entry as unavailable, so that its policy answers", () => {
  expect(both([BASE], { packages: { "guard@1.0.0": "INVALID" } })).toMatchObject({
    chain: ["guard unavailable"],
  });
});

test("a node without any chain does not wait for a download that fails, one that has a chain keeps it", () => {
  const packages = { "guard@1.0.0": "WAITING" } as const;
  expect(both([BASE], { packages })).toMatchObject({ chain: ["guard unavailable"] });
  expect(both([BASE], { packages, chain: true })).toMatchObject({ chain: undefined });
});

test("a release that downloads is held by its nodes, and run by none", () => {
  for (const state of ["DOWNLOADING", "DOWNLOADED"] as const)
    expect(both([BASE, releaseIn(state, "guard@2.0.0")], { packages: BOTH })).toEqual({
      stage: ["guard@1.0.0", "guard@2.0.0"],
      chain: ["guard@1.0.0"],
    });
});

test("a release that is not under way is no node's business", () => {
  for (const state of ["PENDING_APPROVAL", "APPROVED", "SCHEDULED", "FAILED", "CANCELLED"] as const)
    expect(both([BASE, releaseIn(state, "guard@2.0.0")], { packages: HELD })).toEqual({
      stage: ["guard@1.0.0"],
      chain: ["guard@1.0.0"],
    });
});

test("a version that activates is run by who holds it, and until then the one before goes on", () => {
  const releases = [BASE, releaseIn("ACTIVATING", "guard@2.0.0")];
  expect(both(releases, { packages: HELD })).toMatchObject({ chain: ["guard@1.0.0"] });
  expect(both(releases, { packages: BOTH })).toMatchObject({ chain: ["guard@2.0.0"] });
  const packages = { ...HELD, "guard@2.0.0": "INVALID" } as const;
  expect(both(releases, { packages })).toMatchObject({ chain: ["guard@1.0.0"] });
  // The one before is the cluster's, whatever else the node has kept.
  const older = { ...HELD, "guard@0.9.0": "LOADABLE" } as const;
  expect(both(releases, { packages: older })).toMatchObject({ chain: ["guard@1.0.0"] });
});

test("a node that was away runs on with what it has until it holds the new base, and keeps its files until then", () => {
  const base = releaseIn("DONE", "guard@2.0.0");
  const said = { packages: HELD, plugins: { "guard@1.0.0": "RUNNING" }, chain: true } as const;
  expect(both([base], said)).toEqual({ stage: ["guard@1.0.0", "guard@2.0.0"], chain: ["guard@1.0.0"] });
  expect(both([base], { ...said, packages: BOTH })).toMatchObject({ chain: ["guard@2.0.0"] });
  const after = {
    packages: BOTH,
    plugins: { "guard@1.0.0": "INSTALLED", "guard@2.0.0": "RUNNING" },
  } as const;
  expect(both([base], after)).toEqual({ stage: ["guard@2.0.0"], chain: ["guard@2.0.0"] });
});

test("gray nodes run the gray version for all of the traffic beside the base, the others the base", () => {
  const gray = releaseIn("GRAY", "guard@2.0.0", { kind: "nodes", nodes: ["node-2"] });
  expect(both([BASE, gray], { packages: BOTH, plugins: { "guard@1.0.0": "RUNNING" } })).toEqual({
    stage: ["guard@1.0.0"],
    chain: ["guard@1.0.0"],
  });
  const other = snapshotsOf(stateOf(GUARD, [BASE, gray])).snapshotFor(
    nodeNamed("node-2"),
    reportOf({ packages: BOTH }),
  );
  expect({ stage: stagedIn(other), chain: chainIn(other) }).toEqual({
    stage: ["guard@1.0.0", "guard@2.0.0"],
    chain: ["guard@1.0.0+100%2.0.0"],
  });
});

test("a share of the traffic is beside the base on every node, and only where the node holds it", () => {
  const gray = releaseIn("GRAY", "guard@2.0.0", { kind: "traffic", percentage: 10 }, 7);
  expect(both([BASE, gray], { packages: BOTH })).toEqual({
    stage: ["guard@1.0.0", "guard@2.0.0"],
    chain: ["guard@1.0.0+10%2.0.0"],
  });
  expect(both([BASE, gray], { packages: HELD })).toMatchObject({ chain: ["guard@1.0.0"] });
  expect(snapshot([BASE, gray], { packages: BOTH }).resources.chain?.content).toMatchObject({
    entries: [{ gray: { salt: "release/7" } }],
  });
});

test("the order is the chain's; what has no version in force is left out; what is off stays off", () => {
  const entries = [entryFor("tag"), entryFor("later"), entryFor("guard", { mode: "off" })];
  const releases = [BASE, releaseIn("ACTIVE", "tag@1.0.0", { kind: "full" }, 2)];
  expect(both(releases, { packages: { "tag@1.0.0": "LOADABLE" } }, entries)).toEqual({
    stage: ["guard@1.0.0", "tag@1.0.0"],
    chain: ["tag@1.0.0", "guard off 1.0.0"],
  });
});

test("an entry keeps what ops wrote, and the package is checked with its config", () => {
  const config = { key: { fromEnv: "KEY" } };
  const entry = entryFor("guard", { config, timeout: "50ms", match: { path: { prefix: "/a" } } });
  const { chain, stage } = snapshot([BASE], { packages: HELD }, [entry]).resources;
  expect(chain?.content).toEqual({
    entries: [
      {
        plugin: "guard",
        mode: "enforce",
        tag: "",
        config,
        match: { path: { prefix: "/a" } },
        timeout: "50ms",
        version: "1.0.0",
      },
    ],
    deadlines: { request: "200ms", response: "200ms" },
  });
  expect(stage?.content).toEqual({
    packages: [{ plugin: "guard", version: "1.0.0", digest: "guard-1.0.0", size: 100, config }],
  });
});

test("what the chain in force, or on its way, names is held until that is gone, whatever the last report said", () => {
  const second = releaseIn("ACTIVATING", "guard@2.0.0");
  const { snapshots, become } = snapshotsIn(stateOf(GUARD, [BASE, second]));
  const report = reportOf({ packages: BOTH, plugins: { "guard@1.0.0": "RUNNING" }, chain: true });
  const made = snapshots.snapshotFor(nodeNamed("node-1"), report);
  expect(chainIn(made)).toEqual(["guard@2.0.0"]);
  const mark = { hash: made.resources.chain!.hash, tick: 1, at: 0 };
  const { resources } = report;
  const sent = { ...report, resources: { ...resources, chain: { ...resources.chain, sent: mark } } };
  const acked = {
    ...sent,
    resources: { ...resources, chain: { ...sent.resources.chain, acked: mark } },
  };

  // It ends before the node says that it runs.
  become(stateOf(GUARD, [BASE]));
  for (const each of [sent, acked]) {
    const next = snapshots.snapshotFor(nodeNamed("node-1"), each);
    expect(stagedIn(next)).toEqual(["guard@1.0.0", "guard@2.0.0"]);
    expect(chainIn(next)).toEqual(["guard@1.0.0"]);
  }
  expect(stagedIn(snapshots.snapshotFor(nodeNamed("node-1"), report))).toEqual(["guard@1.0.0"]);
});

test("a version that the chain in force names goes on until another is held, whatever the last report said", () => {
  const { snapshots, become } = snapshotsIn(stateOf(GUARD, [releaseIn("DONE", "guard@2.0.0")]));
  const report = reportOf({ packages: BOTH, plugins: { "guard@1.0.0": "RUNNING" }, chain: true });
  const made = snapshots.snapshotFor(nodeNamed("node-1"), report);
  const mark = { hash: made.resources.chain!.hash, tick: 1, at: 0 };
  const chain = { ...report.resources.chain, sent: mark, acked: mark };

  become(stateOf(GUARD, [releaseIn("DONE", "guard@3.0.0")]));
  const resources = { ...report.resources, chain };
  expect(chainIn(snapshots.snapshotFor(nodeNamed("node-1"), { ...report, resources }))).toBeUndefined();
});
