import { expect, test } from "vitest";

import {
  chainIn,
  entryFor,
  having,
  namesIn,
  nodeNamed,
  refusing,
  releaseIn,
  reportOf,
  snapshotsIn,
  stateOf,
  wanting,
  type Said,
} from "../../test/support/snapshot-world.ts";
import type { ClusterChainEntry } from "../model/chain.ts";
import type { NodeReport } from "../model/node.ts";
import type { Release } from "../model/release.ts";
import { KnownChains } from "./known-chains.ts";
import type { ChainContent, ChainInPlace, NodeSnapshot } from "./node-snapshot.ts";

// A node that cannot put a version in force says so of its entry alone, and everything else goes on there.

const NODE = nodeNamed("node-1");
const GUARD = releaseIn("DONE", "guard@1.0.0", { kind: "full" }, 1);
const TAGGER = releaseIn("DONE", "tagger@1.0.0", { kind: "full" }, 2);
const NEXT = releaseIn("ACTIVATING", "guard@2.0.0", { kind: "full" }, 3);
const HELD = {
  packages: {
    "guard@1.0.0": "LOADABLE",
    "guard@2.0.0": "LOADABLE",
    "guard@3.0.0": "LOADABLE",
    "tagger@1.0.0": "LOADABLE",
  },
  plugins: { "guard@1.0.0": "RUNNING", "tagger@1.0.0": "RUNNING" },
} as const;

const clusterOf = (releases: readonly Release[], guard: Partial<ClusterChainEntry> = {}, tagger = {}) =>
  stateOf([entryFor("guard", guard), entryFor("tagger", tagger)], releases);

/** A node that has the chain of a cluster in force, which then becomes another one. */
function running(first = clusterOf([GUARD, TAGGER]), said: Said = HELD) {
  const world = snapshotsIn(first);
  let report: NodeReport = having(said, world.snapshots.snapshotFor(NODE, reportOf(said)));
  return {
    world,
    /** What it should have now. */
    next: (state = first): NodeSnapshot => {
      world.become(state);
      const made = world.snapshots.snapshotFor(NODE, report);
      report = wanting(report, made);
      return made;
    },
    /** It refuses what it was sent last: that in place of something else, where there is that. */
    refuses: (made: NodeSnapshot, ...plugins: readonly string[]): void => {
      report = refusing(report, made.inPlace?.chain ?? made.resources.chain, ...plugins);
    },
    report: () => report,
  };
}

const inPlaceOf = (made: NodeSnapshot): readonly string[] | undefined => namesIn(made.inPlace?.chain);
const entryIn = (inPlace: ChainInPlace | undefined, index: number): unknown =>
  (inPlace?.chain?.content as ChainContent | undefined)?.entries[index];

test("a node that refuses a version runs the base in its place, and the rest of the chain changes", () => {
  const node = running();
  const wanted = node.next(clusterOf([GUARD, TAGGER, NEXT], {}, { mode: "off" }));
  expect(chainIn(wanted)).toEqual(["guard@2.0.0", "tagger off 1.0.0"]);
  expect(wanted.inPlace).toBeUndefined();
  node.refuses(wanted, "guard");

  const after = node.next(clusterOf([GUARD, TAGGER, NEXT], {}, { mode: "off" }));

  expect(chainIn(after)).toEqual(["guard@2.0.0", "tagger off 1.0.0"]);
  expect(inPlaceOf(after)).toEqual(["guard@1.0.0", "tagger off 1.0.0"]);
  expect(after.inPlace?.refusal).toMatchObject({
    hash: wanted.resources.chain?.hash,
    entries: [{ plugin: "guard", version: "2.0.0", problem: "guard: init failed" }],
  });
});

test("what it refused is not tried again with each other change of the chain, but with a change of its entry", () => {
  const node = running();
  const releases = [GUARD, TAGGER, NEXT];
  node.refuses(node.next(clusterOf(releases)), "guard");
  node.next(clusterOf(releases));

  const other = node.next(clusterOf(releases, {}, { tag: "b" }));
  expect(inPlaceOf(other)).toEqual(["guard@1.0.0", "tagger@1.0.0"]);
  expect(other.inPlace?.refusal.hash).toBe(other.resources.chain?.hash);

  expect(node.next(clusterOf(releases, { config: { level: 2 } })).inPlace).toBeUndefined();
});

test("a version that was refused is tried again when it is released again after another one", () => {
  const node = running();
  node.refuses(node.next(clusterOf([GUARD, TAGGER, NEXT])), "guard");
  node.next(clusterOf([GUARD, TAGGER, NEXT]));
  node.next(clusterOf([GUARD, TAGGER], {}, { tag: "b" }));

  expect(node.next(clusterOf([GUARD, TAGGER, NEXT], {}, { tag: "b" })).inPlace).toBeUndefined();
});

test("a base that a node refuses leaves the version that runs there, with the config that it has", () => {
  const node = running(clusterOf([GUARD, TAGGER], { config: { level: 1 } }));
  const releases = [releaseIn("DONE", "guard@2.0.0", { kind: "full" }, 3), TAGGER];
  const state = clusterOf(releases, { config: { level: 2 } }, { mode: "off" });
  node.refuses(node.next(state), "guard");
  // With the new config it does not start either.
  const second = node.next(state);
  expect(entryIn(second.inPlace, 0)).toMatchObject({ version: "1.0.0", config: { level: 2 } });
  node.refuses(second, "guard");

  const third = node.next(state);

  expect(entryIn(third.inPlace, 0)).toMatchObject({ version: "1.0.0", config: { level: 1 } });
  expect(inPlaceOf(third)).toEqual(["guard@1.0.0", "tagger off 1.0.0"]);
  expect(third.inPlace?.refusal.entries?.map(({ version }) => version)).toEqual(["2.0.0", "1.0.0"]);
});

test.for([
  ["ACTIVATING", ["tagger@1.0.0"]],
  ["ACTIVE", ["guard unavailable", "tagger@1.0.0"]],
  ["DONE", ["guard unavailable", "tagger@1.0.0"]],
] as const)(
  "where a plugin never ran, one that is only tried (%s) is left out as before, and what all nodes run is answered by its policy",
  ([state, expected]) => {
    const node = running(clusterOf([TAGGER]), { ...HELD, plugins: { "tagger@1.0.0": "RUNNING" } });
    const first = clusterOf([releaseIn(state, "guard@1.0.0"), TAGGER]);
    node.refuses(node.next(first), "guard");

    expect(inPlaceOf(node.next(first))).toEqual(expected);
  },
);

test("the policy that answers is the entry's, else that of the version's manifest", () => {
  const state = (facts = {}) => stateOf([entryFor("tagger", facts), entryFor("guard")], [TAGGER, GUARD]);
  const policyIn = (facts = {}): unknown => {
    const packages = { "tagger@1.0.0": "INVALID", "guard@1.0.0": "LOADABLE" } as const;
    const made = snapshotsIn(state(facts)).snapshots.snapshotFor(NODE, reportOf({ packages }));
    return (made.resources.chain!.content as ChainContent).entries[0];
  };

  expect(policyIn()).toMatchObject({ unavailable: expect.anything() as unknown, failurePolicy: "open" });
  expect(policyIn({ failurePolicy: "closed" })).toMatchObject({ failurePolicy: "closed" });
});

test("a guard that was switched off, and that a node refuses when it is switched on, is answered by its policy", () => {
  const node = running(clusterOf([GUARD, TAGGER], { mode: "off" }));
  const state = clusterOf([GUARD, TAGGER]);
  node.refuses(node.next(state), "guard");

  expect(inPlaceOf(node.next(state))).toEqual(["guard unavailable", "tagger@1.0.0"]);
});

test("a gray version that a node refuses leaves its share to the one beside it", () => {
  const node = running();
  const gray = releaseIn("GRAY", "guard@2.0.0", { kind: "traffic", percentage: 10 }, 3);
  const state = clusterOf([GUARD, TAGGER, gray], {}, { mode: "off" });
  const wanted = node.next(state);
  expect(chainIn(wanted)).toEqual(["guard@1.0.0+10%2.0.0", "tagger off 1.0.0"]);
  node.refuses(wanted, "guard");

  expect(inPlaceOf(node.next(state))).toEqual(["guard@1.0.0", "tagger off 1.0.0"]);
});

test("two entries that a node refuses one after the other are both replaced", () => {
  const other = releaseIn("ACTIVATING", "tagger@2.0.0", { kind: "full" }, 4);
  const said = { ...HELD, packages: { ...HELD.packages, "tagger@2.0.0": "LOADABLE" } } as const;
  const both = running(clusterOf([GUARD, TAGGER]), said);
  const state = clusterOf([GUARD, TAGGER, NEXT, other]);
  both.refuses(both.next(state), "guard");
  const second = both.next(state);
  expect(inPlaceOf(second)).toEqual(["guard@1.0.0", "tagger@2.0.0"]);
  both.refuses(second, "tagger");

  const third = both.next(state);
  expect(inPlaceOf(third)).toEqual(["guard@1.0.0", "tagger@1.0.0"]);
  expect(third.inPlace?.refusal.entries?.map(({ plugin }) => plugin)).toEqual(["guard", "tagger"]);
});

test("a chain that is wrong as a whole is refused as a whole, also where it is in place of another", () => {
  const node = running();
  const state = clusterOf([GUARD, TAGGER, NEXT]);
  node.refuses(node.next(state));
  expect(node.next(state).inPlace).toBeUndefined();

  const other = clusterOf([GUARD, TAGGER, NEXT], {}, { tag: "b" });
  node.refuses(node.next(other), "guard");
  node.refuses(node.next(other));
  expect(node.next(other).inPlace).toMatchObject({
    chain: undefined,
    refusal: { entries: undefined, problems: [": init failed"] },
  });
});

test("a node that refuses all that it is sent gets no content twice, and nothing any more in the end", () => {
  const node = running();
  const state = clusterOf([GUARD, TAGGER, NEXT], { config: { level: 2 } });
  const sent: string[] = [];
  for (let count = 0; count < 10; count++) {
    const made = node.next(state);
    const chain = made.inPlace === undefined ? made.resources.chain : made.inPlace.chain;
    if (chain === undefined) break;
    sent.push(chain.hash);
    node.refuses(made, "guard", "tagger");
  }
  expect(new Set(sent).size).toBe(sent.length);
  expect(node.next(state).inPlace?.chain).toBeUndefined();
});

test("after a start of the control plane what goes on is known from what was stored", () => {
  const node = running(clusterOf([GUARD, TAGGER], { config: { level: 1 } }));
  const before = node.next();
  const base = [releaseIn("DONE", "guard@2.0.0", { kind: "full" }, 3), TAGGER];
  const state = clusterOf(base, { config: { level: 1 } }, { mode: "off" });
  node.refuses(node.next(state), "guard");
  node.next(state);

  const stored = new KnownChains();
  const { hash, content } = before.resources.chain!;
  stored.remember({ cluster: "demo", hash, content: JSON.parse(JSON.stringify(content)) as unknown });
  const report = JSON.parse(JSON.stringify(node.report())) as NodeReport;
  const again = snapshotsIn(state, stored).snapshots.snapshotFor(NODE, { ...report, pluginsBefore: true });

  expect(inPlaceOf(again)).toEqual(["guard@1.0.0", "tagger off 1.0.0"]);
});
