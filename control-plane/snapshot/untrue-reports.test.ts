import { expect, test } from "vitest";

import {
  chainIn,
  digestOf,
  entryFor,
  having,
  nodeNamed,
  releaseIn,
  reportOf,
  snapshotsIn,
  snapshotsOf,
  stagedIn,
  stateOf,
} from "../../test/support/snapshot-world.ts";
import type { NodePackage, NodeReport } from "../model/node.ts";
import { KnownChains } from "./known-chains.ts";
import type { NodeSnapshot } from "./node-snapshot.ts";

// What a node may say that is not so, and what comes of it for the others of its cluster, or of another one: nothing.

const STATE = stateOf([entryFor("guard")], [releaseIn("DONE", "guard@1.0.0")]);
const NODE = nodeNamed("node-1");

/** The report of a node that has not said what it runs. */
function holding(...packages: readonly Pick<NodePackage, "plugin" | "version" | "digest">[]): NodeReport {
  const held = packages.map((item): NodePackage => ({ ...item, state: "LOADABLE", detail: "" }));
  return { ...reportOf({}), packages: held };
}

test("a package has the name that it was uploaded under, whatever a node calls it, for that node and for others", () => {
  const snapshots = snapshotsOf(STATE);
  const untrue = { plugin: "tagger", version: "6.6.6", digest: digestOf("guard", "1.0.0") };

  expect(stagedIn(snapshots.snapshotFor(nodeNamed("liar"), holding(untrue)))).toEqual(["guard@1.0.0"]);
  expect(stagedIn(snapshots.snapshotFor(NODE, reportOf({})))).toEqual(["guard@1.0.0"]);
});

test("what a node says of a package under another name says nothing of that package", () => {
  const report = holding({ plugin: "guard", version: "6.6.6", digest: digestOf("guard", "1.0.0") });

  expect(chainIn(snapshotsOf(STATE).snapshotFor(NODE, report))).toBeUndefined();
});

test("a version that a node makes up is in no chain of it", () => {
  const state = stateOf([entryFor("guard")], [releaseIn("DONE", "guard@2.0.0")]);
  const madeUp = { plugin: "guard", version: "6.6.6", digest: "0".repeat(64) };

  expect(chainIn(snapshotsOf(state).snapshotFor(NODE, holding(madeUp)))).toBeUndefined();
});

test("a node that names the chain of another cluster gets nothing out of it", () => {
  const known = new KnownChains();
  const secret = entryFor("guard", { config: { cookie: "internal" } });
  const vault = snapshotsIn(stateOf([secret], [releaseIn("DONE", "guard@1.0.0")], "vault"), known);
  const said = { packages: { "guard@1.0.0": "LOADABLE" } } as const;
  const theirs = vault.snapshots.snapshotFor({ ...NODE, cluster: "vault" }, reportOf(said));
  expect(chainIn(theirs)).toEqual(["guard@1.0.0"]);

  const { snapshots } = snapshotsIn(STATE, known);
  const invalid = having({ packages: { "guard@1.0.0": "INVALID" } }, theirs);
  expect(snapshots.snapshotFor(NODE, invalid).resources.chain).toBeUndefined();
});

test("however many versions a node says to hold one after the other, what is kept of that for its cluster is bounded", () => {
  const snapshots = snapshotsOf(STATE);
  const chainWith = (version: string): NodeSnapshot["resources"]["chain"] => {
    const said = { plugin: "guard", version, digest: digestOf("guard", version) };
    return snapshots.snapshotFor(NODE, holding(said)).resources.chain;
  };
  const first = chainWith("0.0.1");
  expect(chainWith("0.0.1")).toBe(first);

  for (let patch = 2; patch < 2_000; patch++) chainWith(`0.0.${patch}`);

  expect(chainWith("0.0.1")).not.toBe(first);
  expect(chainWith("0.0.1")).toEqual(first);
});
