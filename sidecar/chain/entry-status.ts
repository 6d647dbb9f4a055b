import type { EntryMode } from "../../core/chain-document/chain-document.ts";
import { obstacle, type LiveEntry } from "./live-entry.ts";
import { POSITION_NAMES, type FailureCause, type FailurePolicy, type PositionName } from "./verdict.ts";

/** How one entry of the chain in force stands, for admin and readiness. */
export interface EntryStatus {
  readonly plugin: string;
  readonly version: string;
  /** sha256 of the package; undefined where nothing is loaded. */
  readonly digest: string | undefined;
  readonly generation: number | undefined;
  readonly mode: EntryMode;
  readonly tag: string;
  readonly failurePolicy: FailurePolicy;
  readonly positions: readonly PositionName[];
  /** Why it would not be asked right now; undefined where it would. */
  readonly obstacle: FailureCause | undefined;
  /** False while traffic is refused because of it: it enforces, its policy is `closed`, and it cannot answer. */
  readonly ready: boolean;
}

export function entryStatus(live: LiveEntry): EntryStatus {
  const { entry, target, positions } = live;
  const cause = live.kind === "loaded" ? obstacle(live) : live.cause;
  return {
    plugin: target.plugin,
    version: target.version,
    digest: live.kind === "loaded" ? live.generation.digest : undefined,
    generation: live.kind === "loaded" ? live.generation.generation : undefined,
    mode: entry.mode,
    tag: entry.tag,
    failurePolicy: entry.failurePolicy,
    positions: positions.map((position) => POSITION_NAMES[position]),
    obstacle: cause,
    ready: cause === undefined || entry.mode !== "enforce" || entry.failurePolicy === "open",
  };
}
