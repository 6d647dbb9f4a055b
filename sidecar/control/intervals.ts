import type { Intervals__Output } from "../../proto/gen/mesh/v1/Intervals.ts";

/** How often this node reports, ms; the control plane says so. */
export interface ReportIntervals {
  readonly heartbeat: number;
  readonly scan: number;
  /** Two reports of plugins' status are never closer, unless something has changed. */
  readonly avoid: number;
  readonly inventory: number;
  /** Ceiling of the random delay before the first scan and the first inventory. */
  readonly jitter: number;
  /** Each report holds every plugin, not only those that changed. */
  readonly full: boolean;
}

export const DEFAULT_INTERVALS: ReportIntervals = {
  heartbeat: 10_000,
  scan: 60_000,
  avoid: 60_000,
  inventory: 86_400_000,
  jitter: 60_000,
  full: false,
};
/** ms: a control plane that asks for more is not followed, nor one that would let a day pass without a word. */
const SHORTEST = 100;
const LONGEST = 7 * 86_400_000;

/** What is unset is as in the defaults. */
export function intervalsOf(intervals: Intervals__Output | null | undefined): ReportIntervals {
  if (!intervals) return DEFAULT_INTERVALS;
  const read = (value: number, otherwise: number): number =>
    value === 0 ? otherwise : Math.min(LONGEST, Math.max(SHORTEST, value));
  return {
    heartbeat: read(intervals.heartbeat, DEFAULT_INTERVALS.heartbeat),
    scan: read(intervals.scan, DEFAULT_INTERVALS.scan),
    avoid: read(intervals.avoid, DEFAULT_INTERVALS.avoid),
    inventory: read(intervals.inventory, DEFAULT_INTERVALS.inventory),
    jitter: intervals.jitter === 0 ? DEFAULT_INTERVALS.jitter : Math.min(LONGEST, intervals.jitter),
    full: intervals.mode === "FULL",
  };
}
