import * as fc from "fast-check";
import { expect, test } from "vitest";

import { contentHash } from "../../core/content-hash.ts";
import { ChoosyNode } from "../../test/support/choosy-node.ts";
import { entryFor, nodeNamed, releaseIn, snapshotsIn, stateOf } from "../../test/support/snapshot-world.ts";
import type { ClusterChainEntry } from "../model/chain.ts";
import type { ClusterState } from "../releases/cluster-state.ts";

// Chains and releases change at random under a node that cannot start some versions with some configs.

const NODE = nodeNamed("node-1");
const PLUGINS = ["guard", "tagger", "limiter"] as const;
const VERSIONS = ["1.0.0", "2.0.0", "3.0.0"] as const;
const LEVELS = [0, 1, 2];
const HELD = PLUGINS.flatMap((plugin) => VERSIONS.map((version) => `${plugin}@${version}`));

/** What the cluster wants of one plugin. */
interface Wish {
  readonly base: string;
  /** Of a release that is under way; undefined: there is none. */
  readonly next: string | undefined;
  readonly isGray: boolean;
  readonly level: number;
  readonly mode: ClusterChainEntry["mode"];
}

const FIRST: Wish = { base: "1.0.0", next: undefined, isGray: false, level: 0, mode: "enforce" };

const wishes: fc.Arbitrary<Wish> = fc.record({
  base: fc.constantFrom(...VERSIONS),
  next: fc.constantFrom(undefined, undefined, ...VERSIONS),
  isGray: fc.boolean(),
  level: fc.constantFrom(...LEVELS),
  mode: fc.constantFrom("enforce", "enforce", "enforce", "degrade", "off"),
});
const changes = fc.array(fc.tuple(fc.constantFrom(...PLUGINS), wishes), { minLength: 1, maxLength: 12 });
const unstartable = fc.subarray(HELD.flatMap((named) => LEVELS.map((level) => `${named} ${level}`)));

function clusterOf(wanted: ReadonlyMap<string, Wish>): ClusterState {
  const entries = [...wanted].map(([plugin, { level, mode }]) =>
    entryFor(plugin, { mode, config: { level } }),
  );
  const releases = [...wanted].flatMap(([plugin, { base, next, isGray }], index) => {
    const done = releaseIn("DONE", `${plugin}@${base}`, { kind: "full" }, 10 * index + 1);
    if (next === undefined || next === base) return [done];
    const target = isGray ? ({ kind: "traffic", percentage: 10 } as const) : ({ kind: "full" } as const);
    const state = isGray ? "GRAY" : "ACTIVATING";
    return [done, releaseIn(state, `${plugin}@${next}`, target, 10 * index + 2)];
  });
  return stateOf(entries, releases);
}

test("whatever a node refuses, all else reaches it, what runs goes on, no guard is passed by, and nothing is sent without end", () => {
  const lives = fc.property(changes, unstartable, (steps, broken) => {
    const wanted = new Map<string, Wish>(PLUGINS.map((plugin) => [plugin, FIRST]));
    const world = snapshotsIn(clusterOf(wanted));
    const node = new ChoosyNode(HELD, broken);
    const settle = () => node.settle((report) => world.snapshots.snapshotFor(NODE, report));
    settle();
    for (const [plugin, wish] of steps) {
      const running = PLUGINS.filter((name) => node.runs(name));
      wanted.set(plugin, wish);
      world.become(clusterOf(wanted));
      const due = settle();

      expect([...node.entries.keys()]).toEqual([...PLUGINS]);
      const isOn = (name: string): boolean => wanted.get(name)?.mode !== "off";
      expect(running.filter((name) => isOn(name) && !node.runs(name))).toEqual([]);
      const takable = [...due.values()].filter((entry) => !node.refuses(entry));
      const lacking = takable.filter(
        (entry) => contentHash(node.entries.get(String(entry.plugin))) !== contentHash(entry),
      );
      expect(lacking).toEqual([]);
      expect(node.isRefusing).toBe(takable.length < due.size);
    }
  });
  fc.assert(lives, { numRuns: 200 });
});
