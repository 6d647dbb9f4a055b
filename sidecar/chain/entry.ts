import type { EntryMode } from "../../core/chain-document/chain-document.ts";
import type { EntryMatch } from "../../core/chain-document/match.ts";
import type { Generation } from "./generation.ts";
import type { FailureCause, FailurePolicy, Position } from "./verdict.ts";

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
  /** Undefined: the version above has all of the traffic. */
  readonly gray?: GrayEntry | undefined;
}

/** Another version of an entry's plugin, which has a share of the traffic as long as it can answer. */
export interface GrayEntry {
  readonly version: string;
  /** 0 to 100, in steps of 0.01. */
  readonly percentage: number;
  /** With the same salt a growing percentage only ever adds requests. */
  readonly salt: string;
  readonly failurePolicy: FailurePolicy;
  /** Wall time for one position of one exchange, ms. */
  readonly timeout: number;
  readonly load: EntryLoad;
}

/** An ordered chain and how long all of it may take at each position, ms. */
export interface ChainSpec {
  readonly entries: readonly ChainEntry[];
  readonly deadlines: readonly [request: number, response: number];
}
