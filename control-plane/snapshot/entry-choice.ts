import type { FailurePolicy } from "../../core/failure-policy.ts";
import type { Release } from "../model/release.ts";
import { shareOf } from "../releases/target.ts";
import type { NodeHoldings } from "./node-holdings.ts";
import type { ChainEntryContent } from "./node-snapshot.ts";
import type { PluginTarget } from "./plugin-target.ts";

/** A version and, beside it, the release that is gray. */
export interface RunChoice {
  readonly kind: "run";
  readonly version: string;
  readonly gray: Release | undefined;
}

/** The node cannot load any version that it should have: the policy answers, its entry's or else this one. */
export interface UnavailableChoice {
  readonly kind: "unavailable";
  /** Of the version that it should have; undefined: not known. */
  readonly failurePolicy: FailurePolicy | undefined;
}

/** What a chain's entry is on one node. */
export type EntryChoice =
  | RunChoice
  /** The node cannot load it as it is wanted now: it stays as it is in the chain in force there. */
  | { readonly kind: "kept"; readonly entry: ChainEntryContent }
  /** Nothing of it is in force: the entry is left out. */
  | { readonly kind: "none" }
  | UnavailableChoice;

/** What is not known yet. */
export type OpenChoice =
  /** The node will say whether it can load what it should have, and holds nothing to run until then. */
  | { readonly kind: "missing" }
  /** The node cannot load any version that it should have, perhaps for the config that it should have it with. */
  | { readonly kind: "refused" }
  /** Something of it runs there, and the node will say what. */
  | { readonly kind: "pending" };

/** What the choice of one entry goes by beside its plugin's target. */
export interface EntrySide {
  readonly plugin: string;
  readonly holdings: NodeHoldings;
  /** The node did not refuse the entry as this would make it. */
  readonly takes: (choice: RunChoice) => boolean;
  /** Of the version that it should have. */
  readonly policy: () => FailurePolicy | undefined;
}

/** Make before break: a version is named only when the node holds it; until then what it runs now goes on. */
export function entryChoice(target: PluginTarget, side: EntrySide): EntryChoice | OpenChoice {
  const { plugin, holdings, takes } = side;
  if (target.run.length === 0 && target.gray === undefined) return { kind: "none" };
  const wanted = loadable(target, holdings);
  const best = wanted.find(takes);
  if (best !== undefined) return best;
  const before = holdings.runnable(plugin);
  const goesOn = before.length === 1 ? before.map(({ version }) => runAlone(version)).find(takes) : undefined;
  if (goesOn !== undefined) return goesOn;
  // Two that may run, and it has not said which: whatever it is, it goes on.
  if (before.length > 1 && wanted.length === 0) return { kind: "pending" };
  if (wanted.length === 0 && !answered(target, holdings)) return { kind: "missing" };
  return holdings.fresh ? { kind: "unavailable", failurePolicy: side.policy() } : { kind: "refused" };
}

/** What the node holds of what it should have; the first is the best. */
function loadable({ run, gray }: PluginTarget, { state }: NodeHoldings): readonly RunChoice[] {
  const holds = ({ digest }: Release): boolean => state(digest) === "LOADABLE";
  const bases = run.filter(holds).map(({ version }) => runAlone(version));
  if (gray === undefined || !holds(gray)) return bases;
  const besides = bases.flatMap((base): readonly RunChoice[] => [{ ...base, gray }, base]);
  // Alone, where nothing beside it runs that could take its share.
  return shareOf(gray) === 100 ? [...besides, runAlone(gray.version)] : besides;
}

function runAlone(version: string): RunChoice {
  return { kind: "run", version, gray: undefined };
}

/** A node without any chain does not wait for a download that fails: a policy that answers is more than no chain. */
function answered({ run, gray }: PluginTarget, { state, fresh }: NodeHoldings): boolean {
  return [...run, ...(gray === undefined ? [] : [gray])].every(({ digest }) => {
    const word = state(digest);
    return word === "INVALID" || (fresh && word === "WAITING");
  });
}
