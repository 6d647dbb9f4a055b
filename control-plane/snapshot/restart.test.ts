import { expect, test } from "vitest";

import type { ResourceMark } from "../model/node.ts";
import {
  chainIn,
  entryFor,
  nodeNamed,
  releaseIn,
  reportOf,
  snapshotsOf,
  stagedIn,
  stateOf,
} from "../../test/support/snapshot-world.ts";

// What a control plane says that has forgotten every report, or everything.

const NODE = nodeNamed("node-1");
const BASE = releaseIn("DONE", "guard@2.0.0");
const GUARD = [entryFor("guard")];

test("a store that was lost empties no node: it keeps what it has", () => {
  const report = reportOf({ packages: { "guard@1.0.0": "LOADABLE" }, chain: true });
  const { resources } = snapshotsOf(stateOf(GUARD, [BASE])).snapshotFor(
    { ...NODE, cluster: "other" },
    report,
  );
  expect(resources).toMatchObject({ chain: undefined, route: { tombstone: false } });
  const noChain = snapshotsOf(stateOf(undefined, [BASE])).snapshotFor(NODE, report);
  expect(noChain.resources.chain).toBeUndefined();
});

test("what a node said to run before it connected takes away nothing that it holds", () => {
  // The control plane was killed when the node had the newer version in force, and had not written that down.
  const packages = {
    "guard@1.0.0": "LOADABLE",
    "guard@2.0.0": "LOADABLE",
    "guard@3.0.0": "LOADABLE",
  } as const;
  const report = reportOf({ packages, plugins: { "guard@1.0.0": "RUNNING" }, chain: true });
  const source = snapshotsOf(stateOf(GUARD, [BASE]));

  const staged = (pluginsBefore: boolean): unknown =>
    stagedIn(source.snapshotFor(NODE, { ...report, pluginsBefore }));

  expect(staged(true)).toEqual(["guard@1.0.0", "guard@2.0.0", "guard@3.0.0"]);
  expect(staged(false)).toEqual(["guard@1.0.0", "guard@2.0.0"]);
});

test("a new node of a cluster that has nothing yet is told just that, and stays in agreement with it", () => {
  const source = snapshotsOf(stateOf(GUARD, [BASE]));
  const node = { ...NODE, cluster: "new" };
  const fresh = reportOf({});
  const { stage, chain } = source.snapshotFor(node, fresh).resources;
  expect(stage).toMatchObject({ content: { packages: [] }, tombstone: false });
  expect(chain).toMatchObject({ content: { entries: [] }, tombstone: false });

  const mark = (hash: string): ResourceMark => ({ hash, tick: 1, at: 0 });
  const resources = {
    ...fresh.resources,
    stage: { ...fresh.resources.stage, acked: mark(stage!.hash) },
    chain: { ...fresh.resources.chain, acked: mark(chain!.hash) },
  };
  expect(source.snapshotFor(node, { ...fresh, resources }).resources).toMatchObject({ stage, chain });
});

test("what the node says to hold when it connects is not taken away before it has said what it runs", () => {
  const made = snapshotsOf(stateOf(GUARD, [BASE])).snapshotFor(
    NODE,
    reportOf({ packages: { "guard@1.0.0": "LOADABLE" }, chain: true }),
  );
  expect(stagedIn(made)).toEqual(["guard@1.0.0", "guard@2.0.0"]);
  expect(chainIn(made)).toEqual(["guard@1.0.0"]);
});

test("a node that may run one of two versions keeps its chain until it has said which", () => {
  const packages = { "guard@1.0.0": "LOADABLE", "guard@1.1.0": "LOADABLE" } as const;
  const source = snapshotsOf(stateOf(GUARD, [BASE]));
  expect(chainIn(source.snapshotFor(NODE, reportOf({ packages, chain: true })))).toBeUndefined();
  const plugins = { "guard@1.0.0": "INSTALLED", "guard@1.1.0": "RUNNING" } as const;
  expect(chainIn(source.snapshotFor(NODE, reportOf({ packages, plugins, chain: true })))).toEqual([
    "guard@1.1.0",
  ]);
});

test("a chain is emptied with a tombstone when somebody emptied it, and never otherwise", () => {
  const report = reportOf({ packages: { "guard@2.0.0": "LOADABLE" }, chain: true });
  const chainOf = (...args: Parameters<typeof stateOf>): unknown =>
    snapshotsOf(stateOf(...args)).snapshotFor(NODE, report).resources.chain;

  expect(chainOf([], [BASE])).toMatchObject({ content: { entries: [] }, tombstone: true });
  expect(chainOf(GUARD, [])).toMatchObject({ content: { entries: [] }, tombstone: true });
  expect(chainOf(GUARD, [BASE])).toMatchObject({ tombstone: false });
  expect(chainOf(undefined, [BASE])).toBeUndefined();
});

test("two thousand nodes that need the same get the same object, and its hash is that of equal content", () => {
  const state = stateOf(GUARD, [BASE]);
  const source = snapshotsOf(state);
  const report = reportOf({ packages: { "guard@2.0.0": "LOADABLE" } });
  const chains = new Set(
    Array.from({ length: 2_000 }, (_, index) => source.snapshotFor(nodeNamed(`node-${index}`), report)).map(
      ({ resources }) => resources.chain,
    ),
  );
  expect(chains.size).toBe(1);
  const again = snapshotsOf(stateOf(GUARD, [BASE])).snapshotFor(NODE, report);
  expect([...chains].map((chain) => chain?.hash)).toEqual([again.resources.chain?.hash]);
});
