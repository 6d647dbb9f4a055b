import { expect, test } from "vitest";

import {
  chainIn,
  entryFor,
  having,
  nodeNamed,
  releaseIn,
  reportOf,
  snapshotsIn,
  stagedIn,
  stateOf,
} from "../../test/support/snapshot-world.ts";
import { KnownChains } from "./known-chains.ts";
import type { ChainContent, NodeSnapshot } from "./node-snapshot.ts";

const NODE = nodeNamed("node-1");
const RELEASES = [releaseIn("DONE", "tagger@1.0.0"), releaseIn("DONE", "guard@1.0.0", { kind: "full" }, 2)];
const GOOD = { level: 1 };
const BAD = { level: { fromEnv: "NOT_THERE" } };
const BOTH = { packages: { "tagger@1.0.0": "LOADABLE", "guard@1.0.0": "LOADABLE" } } as const;
const REFUSES = { packages: { "tagger@1.0.0": "INVALID", "guard@1.0.0": "LOADABLE" } } as const;

const clusterWith = (config: unknown, tagger = {}, guard = {}) =>
  stateOf([entryFor("tagger", { config, ...tagger }), entryFor("guard", guard)], RELEASES);

/** A node that has the chain with the good config in force, in a cluster that then becomes another. */
function running() {
  const world = snapshotsIn(clusterWith(GOOD));
  const before = world.snapshots.snapshotFor(NODE, reportOf(BOTH));
  return { world, before };
}

/** The entry of `tagger`. */
const taggerIn = ({ resources }: NodeSnapshot): unknown =>
  (resources.chain?.content as ChainContent | undefined)?.entries[0];

test("a plugin whose new config a node cannot take goes on there with the one that it has", () => {
  const { world, before } = running();
  world.become(clusterWith(BAD));

  const after = world.snapshots.snapshotFor(NODE, having(REFUSES, before));

  expect(chainIn(after)).toEqual(["tagger@1.0.0", "guard@1.0.0"]);
  expect(after.resources.chain?.hash).toBe(before.resources.chain?.hash);
  expect(stagedIn(after)).toEqual(["guard@1.0.0", "tagger@1.0.0"]);
});

test("the rest of the chain, and the mode, change all the same", () => {
  const { world, before } = running();
  world.become(clusterWith(BAD, { mode: "degrade" }, { mode: "off" }));

  const after = world.snapshots.snapshotFor(NODE, having(REFUSES, before));

  expect(chainIn(after)).toEqual(["tagger@1.0.0", "guard off 1.0.0"]);
  expect(taggerIn(after)).toMatchObject({ mode: "degrade", config: GOOD });
});

test("what was kept is kept by the chain after that one too, until there is a config that the node can take", () => {
  const { world, before } = running();
  world.become(clusterWith(BAD, {}, { mode: "off" }));
  const kept = world.snapshots.snapshotFor(NODE, having(REFUSES, before));
  world.become(clusterWith(BAD));
  const later = world.snapshots.snapshotFor(NODE, having(REFUSES, kept));
  expect(taggerIn(later)).toMatchObject({ config: GOOD });

  world.become(clusterWith({ level: 3 }));
  const repaired = world.snapshots.snapshotFor(NODE, having(BOTH, later));
  expect(taggerIn(repaired)).toMatchObject({ config: { level: 3 } });
});

test.each([
  ["with its good config", GOOD],
  ["with the config that is refused", BAD],
])(
  "what was switched off %s and is switched on with a config that is refused is unavailable",
  (_what, config) => {
    const { world, before } = running();
    world.become(clusterWith(config, { mode: "off" }));
    const off = world.snapshots.snapshotFor(NODE, having(BOTH, before));
    world.become(clusterWith(BAD));

    const after = world.snapshots.snapshotFor(NODE, having(REFUSES, off));

    expect(taggerIn(after)).toMatchObject({ mode: "enforce", unavailable: expect.anything() as unknown });
  },
);

test("while a node tries a new config the rest of the chain changes there", () => {
  const { world, before } = running();
  world.become(clusterWith({ level: 2 }, {}, { mode: "off" }));

  const trying = { packages: { "tagger@1.0.0": "FETCHING", "guard@1.0.0": "LOADABLE" } } as const;
  const after = world.snapshots.snapshotFor(NODE, having(trying, before));

  expect(chainIn(after)).toEqual(["tagger@1.0.0", "guard off 1.0.0"]);
  expect(taggerIn(after)).toMatchObject({ config: GOOD });
});

test("a control plane that was started again goes on where the one before it was, by what that stored", () => {
  const { before } = running();
  const stored = new KnownChains();
  const { hash, content } = before.resources.chain!;
  stored.remember({ cluster: "demo", hash, content: JSON.parse(JSON.stringify(content)) as unknown });
  const { snapshots } = snapshotsIn(clusterWith(BAD, {}, { mode: "off" }), stored);

  const after = snapshots.snapshotFor(NODE, having(REFUSES, before));

  expect(chainIn(after)).toEqual(["tagger@1.0.0", "guard off 1.0.0"]);
  expect(taggerIn(after)).toMatchObject({ config: GOOD });
});

test("a node whose chain nobody knows is left alone until there is a config that it can take", () => {
  const { before } = running();
  const { snapshots } = snapshotsIn(clusterWith(BAD));

  expect(chainIn(snapshots.snapshotFor(NODE, having(REFUSES, before)))).toBeUndefined();
});

test("where it never ran the policy answers, after a start of the control plane too", () => {
  const first = snapshotsIn(clusterWith(BAD)).snapshots.snapshotFor(NODE, reportOf(REFUSES));
  expect(chainIn(first)).toEqual(["tagger unavailable", "guard@1.0.0"]);

  const again = snapshotsIn(clusterWith(BAD)).snapshots.snapshotFor(NODE, having(REFUSES, first));
  expect(chainIn(again)).toEqual(["tagger unavailable", "guard@1.0.0"]);
});
