import type { LiveEntry, LoadedEntry } from "./live-entry.ts";
import type { Ask, SegmentRunner } from "./runner.ts";
import type { FailureCause, Position } from "./verdict.ts";

/** What happens to one entry when its place at a position comes. */
export type Turn =
  | { readonly kind: "ask"; readonly entry: LoadedEntry }
  /** Mode `degrade`: what it would see is noted, and it is asked when the exchange is over. */
  | { readonly kind: "note"; readonly entry: LoadedEntry }
  /** Not asked: the policy answers for this cause. */
  | { readonly kind: "stand_in"; readonly entry: LiveEntry; readonly cause: FailureCause }
  /** A gray version whose share another one has: found out, beside the traffic, whether it works again. */
  | { readonly kind: "probe"; readonly entry: LoadedEntry };

/** Consecutive turns that cost one round trip together, or none where nobody is to be asked. */
export interface Segment {
  readonly runner: SegmentRunner | undefined;
  /** Those of the turns that are asked, in order. */
  readonly asks: readonly Ask[];
  readonly turns: readonly Turn[];
  /** Whoever is asked here was found able to answer just now; false for what was composed beforehand. */
  readonly checked: boolean;
}

/** The turns of these entries at a position; entries that do not name it, or are off, have none. */
export function turnsAt(position: Position, entries: readonly LiveEntry[]): Turn[] {
  const turns: Turn[] = [];
  for (const live of entries) {
    if (live.probes?.positions.includes(position)) turns.push({ kind: "probe", entry: live.probes });
    if (live.positions.includes(position)) turns.push(...turnOf(live));
  }
  return turns;
}

function turnOf(live: LiveEntry): Turn[] {
  if (live.entry.mode === "off") return [];
  if (live.entry.mode === "degrade") return live.kind === "loaded" ? [{ kind: "note", entry: live }] : [];
  if (live.kind === "unloaded") return [{ kind: "stand_in", entry: live, cause: live.cause }];
  return [{ kind: "ask", entry: live }];
}

/** Groups turns: a new segment begins where the runner changes, and after a policy `closed` that will refuse. */
export function segmentsOf(turns: readonly Turn[], checked: boolean): Segment[] {
  const segments: Segment[] = [];
  let group: Turn[] = [];
  let runner: SegmentRunner | undefined;
  const close = (): void => {
    if (group.length > 0) segments.push(segmentOf(group, runner, checked));
    group = [];
    runner = undefined;
  };
  for (const turn of turns) {
    if (turn.kind === "ask") {
      if (runner !== undefined && runner !== turn.entry.generation.runner) close();
      runner = turn.entry.generation.runner;
    }
    group.push(turn);
    if (turn.kind === "stand_in" && turn.entry.entry.failurePolicy === "closed") close();
  }
  close();
  return segments;
}

function segmentOf(turns: readonly Turn[], runner: SegmentRunner | undefined, checked: boolean): Segment {
  const asks = turns.flatMap((turn) => (turn.kind === "ask" ? [turn.entry.ask] : []));
  return { runner, asks, turns, checked };
}
