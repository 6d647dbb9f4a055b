import { expect, test } from "vitest";

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

test("a cluster that nothing is stored of says nothing: no node is emptied by a store that was lost", () => {
  const { resources } = snapshotsOf(stateOf(GUARD, [BASE])).snapshotFor(
    { ...NODE, cluster: "other" },
    reportOf({ packages: { "guard@1.0.0": "LOADABLE" }, chain: true }),
  );
  expect(resources).toMatchObject({ stage: undefined, chain: undefined, route: { tombstone: false } });
});

test("a cluster without a chain says nothing of its nodes' chains", () => {
  const { resources } = snapshotsOf(stateOf(undefined, [BASE])).snapshotFor(NODE, reportOf({ chain: true }));
  expect(resources.chain).toBeUndefined();
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
