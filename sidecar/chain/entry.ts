import type { EntryMatch } from "./match.ts";
import type { Generation } from "./generation.ts";
import type { FailureCause, FailurePolicy, Position } from "./verdict.ts";

/** `degrade`: asked when the exchange is over, without effect on it. `off`: not asked. */
export const ENTRY_MODES = ["enforce", "degrade", "off"] as const;
export type EntryMode = (typeof ENTRY_MODES)[number];

/** What became of loading an entry's plugin. */
export type EntryLoad =
  | { readonly kind: "loaded"; readonly generation: Generation }
  /** There is no generation to ask: the policy answers at these positions. */
  | { readonly kind: "failed"; readonly cause: FailureCause; readonly positions: readonly Position[] };

/** One plugin of a chain, resolved: what a chain is composed of. A chain has one entry per plugin. */
export interface ChainEntry {
  readonly plugin: string;
  /** For records; empty where no version could be found. */
  readonly version: string;
  readonly mode: EntryMode;
  readonly tag: string;
  readonly failurePolicy: FailurePolicy;
  /** Wall time for one position of one exchange, ms. */
  readonly timeout: number;
  /** Undefined: every request. */
  readonly match: EntryMatch | undefined;
  readonly load: EntryLoad;
}

/** An ordered chain and how long all of it may take at each position, ms. */
export interface ChainSpec {
  readonly entries: readonly ChainEntry[];
  readonly deadlines: readonly [request: number, response: number];
}

/** More would not fit the set of conditional entries that apply to a request, which is one exact number. */
export const MAX_CHAIN_ENTRIES = 50;
