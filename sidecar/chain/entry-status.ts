import type { EntryMode } from "../../core/chain-document/chain-document.ts";
import { obstacleOf, type GrayShare, type LiveEntry } from "./live-entry.ts";
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
  /** The version that has a share of the traffic; undefined where there is none. */
  readonly gray: GrayStatus | undefined;
}

export interface GrayStatus {
  readonly version: string;
  readonly digest: string | undefined;
  readonly generation: number | undefined;
  readonly percentage: number;
  /** Why its share goes to the version beside it; undefined where it has it. */
  readonly obstacle: FailureCause | undefined;
}

export function entryStatus(live: LiveEntry): EntryStatus {
  const { entry, target, positions, gray } = live;
  const cause = obstacleOf(live);
  return {
    plugin: target.plugin,
    version: target.version,
    ...loadedPart(live),
    mode: entry.mode,
    tag: entry.tag,
    failurePolicy: entry.failurePolicy,
    positions: positions.map((position) => POSITION_NAMES[position]),
    obstacle: cause,
    ready: cause === undefined || entry.mode !== "enforce" || entry.failurePolicy === "open",
    gray: gray === undefined ? undefined : grayStatus(gray),
  };
}

function grayStatus({ live, percentage }: GrayShare): GrayStatus {
  return { version: live.target.version, ...loadedPart(live), percentage, obstacle: obstacleOf(live) };
}

function loadedPart(live: LiveEntry): Pick<EntryStatus, "digest" | "generation"> {
  if (live.kind === "unloaded") return { digest: undefined, generation: undefined };
  const { digest, generation } = live.generation;
  return { digest, generation };
}
