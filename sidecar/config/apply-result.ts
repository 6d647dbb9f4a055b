import type { Problem } from "../../core/errors.ts";
import type { FailureCause } from "../chain/verdict.ts";

/** Content hashes (sha256, hex) of a snapshot's parts; equal parts need not be sent or applied again. */
export interface SnapshotHashes {
  /** Which plugins in which versions. */
  readonly stage: string;
  /** Where outbound traffic goes. */
  readonly route: string;
  /** The chain's entries in order, and its deadlines; secrets as references. */
  readonly chain: string;
}

/** What became of one snapshot. After `rejected` everything goes on as before. */
export type ApplyResult =
  | { readonly kind: "applied" | "unchanged"; readonly hashes: SnapshotHashes }
  | { readonly kind: "rejected"; readonly hashes: SnapshotHashes; readonly problems: readonly Problem[] }
  /** A newer one arrived before this one's turn came; it was never looked at. */
  | { readonly kind: "superseded" };

/**
 * How one entry's plugin is loaded: `serving` as configured; `kept`: an earlier generation goes on since the
 * configured one failed; `failed`: there is none, and the policy answers, or in place of a gray version the base;
 * `off`: not loaded.
 */
export const LOAD_STATES = ["serving", "kept", "failed", "off"] as const;
export type LoadState = (typeof LOAD_STATES)[number];

/** Every entry has a `base`; where it names a `gray` version, that one has a share of the traffic. */
export type EntryPart = "base" | "gray";

/** What a part of an entry is called among those of its chain. */
export function partKey(plugin: string, part: EntryPart): string {
  return part === "base" ? plugin : `${plugin}/gray`;
}

export interface PluginLoad {
  readonly plugin: string;
  readonly part: EntryPart;
  readonly state: LoadState;
  /** Of the generation that serves; undefined without one. */
  readonly version: string | undefined;
  readonly digest: string | undefined;
  /** Why it is `kept` or `failed`; undefined otherwise. */
  readonly cause: FailureCause | undefined;
  /** The same for people. */
  readonly detail: string | undefined;
}
