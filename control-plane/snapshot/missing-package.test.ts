import { expect, test } from "vitest";

import {
  chainIn,
  entryFor,
  having,
  nodeNamed,
  releaseIn,
  reportOf,
  snapshotsIn,
  stateOf,
} from "../../test/support/snapshot-world.ts";

const NODE = nodeNamed("node-1");
const BASE = releaseIn("DONE", "tagger@1.0.0");
const FIRST = releaseIn("ACTIVATING", "guard@1.0.0", { kind: "full" }, 2);
const WITH_GUARD = [entryFor("tagger"), entryFor("guard")];
const TAGGER_OFF = [entryFor("tagger", { mode: "off" }), entryFor("guard")];
const WAITING = { packages: { "tagger@1.0.0": "LOADABLE", "guard@1.0.0": "WAITING" } } as const;

test("a first version that cannot be fetched does not keep the rest of the chain from a node", () => {
  const world = snapshotsIn(stateOf(WITH_GUARD, [BASE]));
  const before = world.snapshots.snapshotFor(NODE, reportOf({ packages: { "tagger@1.0.0": "LOADABLE" } }));
  expect(chainIn(before)).toEqual(["tagger@1.0.0"]);

  world.become(stateOf(TAGGER_OFF, [BASE, FIRST]));
  expect(chainIn(world.snapshots.snapshotFor(NODE, having(WAITING, before)))).toEqual(["tagger off 1.0.0"]);
});

test("what answers in place of a plugin goes on answering until its package is there", () => {
  const world = snapshotsIn(stateOf(WITH_GUARD, [BASE, FIRST]));
  const first = world.snapshots.snapshotFor(NODE, reportOf(WAITING));
  expect(chainIn(first)).toEqual(["tagger@1.0.0", "guard unavailable"]);

  world.become(stateOf(TAGGER_OFF, [BASE, FIRST]));
  const next = world.snapshots.snapshotFor(NODE, having(WAITING, first));
  expect(chainIn(next)).toEqual(["tagger off 1.0.0", "guard unavailable"]);
});

test("a control plane that was started again knows the chain of a node that waits, and changes it", () => {
  const state = stateOf(WITH_GUARD, [BASE, FIRST]);
  const first = snapshotsIn(state).snapshots.snapshotFor(NODE, reportOf(WAITING));

  const world = snapshotsIn(state);
  const same = world.snapshots.snapshotFor(NODE, having(WAITING, first));
  expect(same.resources.chain?.hash).toBe(first.resources.chain?.hash);
  world.become(stateOf(TAGGER_OFF, [BASE, FIRST]));
  const next = world.snapshots.snapshotFor(NODE, having(WAITING, first));
  expect(chainIn(next)).toEqual(["tagger off 1.0.0", "guard unavailable"]);
});

test("a node whose chain nobody knows keeps it until its package is there", () => {
  const { snapshots } = snapshotsIn(stateOf(TAGGER_OFF, [BASE, FIRST]));

  expect(chainIn(snapshots.snapshotFor(NODE, having(WAITING, undefined)))).toBeUndefined();
});
