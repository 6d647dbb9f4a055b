import type { Release } from "../model/release.ts";
import { shareOf } from "../releases/target.ts";
import type { NodeHoldings } from "./node-holdings.ts";
import type { ChainEntryContent } from "./node-snapshot.ts";
import type { PluginTarget } from "./plugin-target.ts";

/** What a chain's entry is on one node. */
export type EntryChoice =
  | { readonly kind: "run"; readonly version: string; readonly gray: Release | undefined }
  /** The node cannot load it as it is wanted now: it stays as it is in the chain in force there. */
  | { readonly kind: "kept"; readonly entry: ChainEntryContent }
  /** Nothing of it is in force: the entry is left out. */
  | { readonly kind: "none" }
  /** The node cannot load any version that it should have: the policy answers. */
  | { readonly kind: "unavailable" };

/** What is not known yet. */
export type OpenChoice =
  /** The node will say whether it can load what it should have, and holds nothing to run until then. */
  | { readonly kind: "missing" }
  /** The node cannot load any version that it should have, perhaps for the config that it should have it with. */
  | { readonly kind: "refused" }
  /** Something of it runs there, and the node will say what. */
  | { readonly kind: "pending" };

/**
 * Make before break: a version is named only when the node holds it; until then what it runs now goes on. `plugin` is the
 * entry's.
 */
export function entryChoice(
  plugin: string,
  target: PluginTarget,
  holdings: NodeHoldings,
): EntryChoice | OpenChoice {
  const holds = ({ digest }: Release): boolean => holdings.state(digest) === "LOADABLE";
  const gray = target.gray !== undefined && holds(target.gray) ? target.gray : undefined;
  const wanted = target.run.find(holds);
  if (wanted !== undefined) return { kind: "run", version: wanted.version, gray };
  // Nothing beside it runs that could take its share.
  if (gray !== undefined && shareOf(gray) === 100)
    return { kind: "run", version: gray.version, gray: undefined };
  if (target.run.length === 0 && target.gray === undefined) return { kind: "none" };
  const before = holdings.runnable(plugin);
  const [only] = before;
  if (only !== undefined && before.length === 1)
    return { kind: "run", version: only.version, gray: undefined };
  // Two that may run, and it has not said which: whatever it is, it goes on.
  if (before.length > 1) return { kind: "pending" };
  if (!answered(target, holdings)) return { kind: "missing" };
  return { kind: holdings.fresh ? "unavailable" : "refused" };
}

/** A node without any chain does not wait for a download that fails: a policy that answers is more than no chain. */
function answered({ run, gray }: PluginTarget, { state, fresh }: NodeHoldings): boolean {
  return [...run, ...(gray === undefined ? [] : [gray])].every(({ digest }) => {
    const word = state(digest);
    return word === "INVALID" || (fresh && word === "WAITING");
  });
}
