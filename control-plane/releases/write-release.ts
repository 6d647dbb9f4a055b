import { IN_FULL_FORCE, OPEN, UNDER_WAY } from "../model/release-machine.ts";
import type { Release, ReleaseState } from "../model/release.ts";
import type { Change } from "../store/store.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import { firstNodeOf } from "./first-node.ts";
import { stepByTime } from "./implied-steps.ts";
import { isOneOf } from "./in-force.ts";
import { releasesIn } from "./stored-releases.ts";
import { takeStep } from "./take-step.ts";

/** What a release is written by. */
export interface Writing {
  /** Wall clock, ms. */
  readonly wall: number;
  readonly reports: Pick<NodeReports, "list" | "presence">;
}

/** Writes a new release, with what follows from it in the same transaction. */
export async function insertRelease(change: Change, made: Release, by: Writing): Promise<Release> {
  const release = await withConsequences(change, undefined, byTime(made, by.wall), by);
  return change.releases.insert(release);
}

/** Writes a release after a step, with what follows from it in the same transaction. */
export async function updateRelease(
  change: Change,
  before: Release,
  after: Release,
  by: Writing,
): Promise<Release> {
  const release = await withConsequences(change, before, byTime(after, by.wall), by);
  return change.releases.update(release, before.revision);
}

function byTime(release: Release, wall: number): Release {
  const step = stepByTime(release, wall);
  return step === undefined ? release : byTime(takeStep(release, step), wall);
}

/**
 * A rollback that begins ends whatever of the plugin is open in the cluster. A full release that becomes ACTIVE ends the
 * one that was: until then that one stays the base, to which nodes go back if this fails.
 */
async function withConsequences(
  change: Change,
  before: Release | undefined,
  after: Release,
  { wall, reports }: Writing,
): Promise<Release> {
  const release = { ...after, firstNode: firstNodeOf(after, reports), updatedAt: wall };
  const begins = enters(UNDER_WAY, before, release);
  if (begins && release.rollbackOf !== undefined) await endOthers(change, release, OPEN, wall);
  if (enters(IN_FULL_FORCE, before, release)) {
    await endOthers(change, release, IN_FULL_FORCE, wall);
    return { ...release, activeSince: wall };
  }
  return begins ? { ...release, base: await baseVersion(change, release) } : release;
}

/** Version that runs in full in the cluster; undefined: none does. */
export async function baseVersion(
  change: Change,
  { cluster, plugin }: Pick<Release, "cluster" | "plugin">,
): Promise<string | undefined> {
  const [base] = await releasesIn(change, IN_FULL_FORCE, { cluster, plugin });
  return base?.version;
}

/** Ends the other releases of the plugin in the cluster that are in these states, and fit. */
export async function endOthers(
  change: Change,
  by: Release,
  states: readonly ReleaseState[],
  wall: number,
  fits: (other: Release) => boolean = () => true,
): Promise<void> {
  const { cluster, plugin } = by;
  for (const other of await releasesIn(change, states, { cluster, plugin })) {
    if (other.id === by.id || !fits(other)) continue;
    const step = other.id === by.rollbackOf ? "rollback" : "supersede";
    await change.releases.update(takeStep(other, step, { supersededBy: by.id, updatedAt: wall }));
  }
}

function enters(states: readonly ReleaseState[], before: Release | undefined, after: Release): boolean {
  return isOneOf(states, after.state) && (before === undefined || !isOneOf(states, before.state));
}
