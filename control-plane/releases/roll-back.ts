import type { Actor } from "../model/actor.ts";
import { OperationError } from "../model/operation-error.ts";
import { OPEN } from "../model/release-machine.ts";
import type { Release } from "../model/release.ts";
import { checkedChange } from "../store/checked-change.ts";
import type { Change } from "../store/store.ts";
import { whenApproved } from "./approval-actions.ts";
import { clusterNamed, releasableVersion } from "./check-version.ts";
import { newRelease } from "./create-release.ts";
import type { ChangedRelease, ReleaseContext } from "./release-context.ts";
import { releasesIn, storedRelease } from "./stored-releases.ts";
import { takeStep, titleOf } from "./take-step.ts";
import { baseVersion, endOthers, insertRelease } from "./write-release.ts";

/** Which release to leave, and for which version; undefined: the one that ran in full before it. */
export interface Rollback {
  readonly release: number;
  readonly version?: string | undefined;
  readonly note: string;
}

/**
 * A new full release to any kept version, that goes through download and activation by itself and ends what is open of
 * the plugin when it begins. Never refused because something runs. The answer is the new release.
 */
export async function rollBackRelease(
  { store, clock, reports }: ReleaseContext,
  author: Actor,
  wish: Rollback,
): Promise<ChangedRelease> {
  const wall = clock.wall();
  const { tick, result } = await checkedChange(store, author, "release.rollback", async (change) => {
    const left = await storedRelease(change, wish.release);
    // Whether there is something to leave; what becomes of it follows when the new one begins.
    takeStep(left, "rollback");
    const named = versionToRun(left, wish.version);
    const cluster = await clusterNamed(change, left.cluster);
    const version = await releasableVersion(change, cluster, { plugin: left.plugin, version: named });
    const base = await baseVersion(change, left);
    if (base === named) await refuseNoOp(change, left);
    const asked = { ...left, target: { kind: "full" }, scheduledAt: undefined, note: wish.note } as const;
    const made = await newRelease(change, author, asked, { version, base, wall, rollbackOf: left.id });
    const release = await insertRelease(change, await whenApproved(made, change), { wall, reports });
    await endRequests(change, release, wall);
    return release;
  });
  return { tick, release: result };
}

function versionToRun(left: Release, wanted: string | undefined): string {
  const version = wanted ?? left.base;
  if (version === undefined)
    throw new OperationError("invalid_input", `nothing ran in full before ${titleOf(left)}: name a version`);
  if (version === left.version)
    throw new OperationError("invalid_input", `${titleOf(left)} is that version: name another one`);
  return version;
}

/** Back to the base is a change only while something else is open. */
async function refuseNoOp(change: Change, left: Release): Promise<void> {
  const open = await releasesIn(change, OPEN, { cluster: left.cluster, plugin: left.plugin });
  if (open.length > 0) return;
  throw new OperationError("conflict", `that version runs in full in ${left.cluster} already`);
}

/** Of rollbacks that wait for approval only the newest stays. */
async function endRequests(change: Change, by: Release, wall: number): Promise<void> {
  await endOthers(change, by, ["PENDING_APPROVAL", "APPROVED", "SCHEDULED"], wall, ({ rollbackOf }) => {
    return rollbackOf !== undefined;
  });
}
