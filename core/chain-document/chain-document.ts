import type { FailurePolicy } from "../failure-policy.ts";
import type { EntryMatch } from "./match.ts";

/** `degrade`: asked when the exchange is over, without effect on it. `off`: not asked. */
export const ENTRY_MODES = ["enforce", "degrade", "off"] as const;
export type EntryMode = (typeof ENTRY_MODES)[number];

/** More would not fit the set of conditional entries that apply to a request, which is one exact number. */
export const MAX_CHAIN_ENTRIES = 50;

/** One entry of a chain as it is configured; what is undefined is the manifest's to say. */
export interface DocumentEntry {
  readonly plugin: string;
  /** Undefined: the highest version there is. */
  readonly version: string | undefined;
  readonly mode: EntryMode;
  readonly tag: string;
  /** Secrets are references in it: `{ fromEnv: NAME }`, `{ fromFile: PATH }`. */
  readonly config: unknown;
  readonly match: EntryMatch | undefined;
  readonly failurePolicy: FailurePolicy | undefined;
  /** ms */
  readonly timeout: number | undefined;
  /** ms */
  readonly cpu: number | undefined;
  /** bytes */
  readonly memory: number | undefined;
  /** Another version that has a share of the traffic; undefined: there is none. */
  readonly gray: DocumentGray | undefined;
  /** Never in a file: why no version of it can be had, so that its policy answers. */
  readonly unavailable?: string | undefined;
}

/** The share of a version that is being tried; everything else is as in its entry. */
export interface DocumentGray {
  readonly version: string;
  /** 0 to 100, in steps of 0.01, of the requests that the entry applies to. */
  readonly percentage: number;
  /** Divides requests alike wherever it is the same, by the entry's `bucketKey`: a growing percentage only adds. */
  readonly salt: string;
}

/** How long all of a chain may take at each position, ms. */
export interface ChainDeadlines {
  readonly request: number;
  readonly response: number;
}
