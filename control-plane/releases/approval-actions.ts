import { actorName, type Actor } from "../model/actor.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Approval, Release } from "../model/release.ts";
import type { Change } from "../store/store.ts";
import type { ReleaseAction } from "./change-release.ts";
import { releasesIn } from "./stored-releases.ts";
import { takeStep, titleOf } from "./take-step.ts";

/** One approval; the last that is needed makes it APPROVED. */
export function approve(note: string): ReleaseAction {
  return async (release, change, actor, wall) => {
    const approved = takeStep(release, "approve", {
      approvals: [...release.approvals, approvalBy(actor, wall, note, false)],
    });
    refuseOwn(release, actorName(actor));
    if (release.approvals.some(({ by }) => by === actorName(actor)))
      throw new OperationError("conflict", `${actorName(actor)} has approved ${titleOf(release)} already`);
    return whenApproved(approved, change);
  };
}

/** Goes on without the approvals. */
export function bypass(reason: string): ReleaseAction {
  return (release, _change, actor, wall) =>
    takeStep(release, "bypass", {
      approvals: [...release.approvals, approvalBy(actor, wall, reason, true)],
    });
}

export function reject(reason: string): ReleaseAction {
  return (release) => takeStep(release, "reject", { reason });
}

/** The release, APPROVED if it has as many approvals as its cluster asks for. */
export async function whenApproved(release: Release, change: Change): Promise<Release> {
  const waiting = { ...release, requiredApprovals: await approvalsNeeded(release, change) };
  return hasApprovals(waiting) ? takeStep(waiting, "approved") : waiting;
}

/** As many as were asked for, or a bypass. */
export function hasApprovals({ approvals, requiredApprovals }: Release): boolean {
  return approvals.length >= requiredApprovals || approvals.some(({ bypass }) => bypass);
}

/** By its cluster as it is now. */
export async function approvalsNeeded(release: Release, change: Change): Promise<number> {
  const cluster = await change.clusters.get(release.cluster);
  if (cluster === undefined)
    throw new OperationError("not_found", `there is no cluster ${release.cluster} any more`);
  const trusted = release.rollbackOf !== undefined && !cluster.rollbackApproval;
  return trusted && (await ranBefore(release, change)) ? 0 : cluster.requiredApprovals;
}

/** Its version was ACTIVE in the cluster once, byte for byte. */
async function ranBefore({ cluster, plugin, digest }: Release, change: Change): Promise<boolean> {
  const history = await releasesIn(change, undefined, { cluster, plugin });
  return history.some((other) => other.activeSince !== undefined && other.digest === digest);
}

/** Throws `forbidden` for who made the release, or edited it. */
export function refuseOwn(release: Release, name: string): void {
  const own =
    release.author === name ? "is the author of" : release.editors.includes(name) ? "edited" : undefined;
  if (own === undefined) return;
  throw new OperationError(
    "forbidden",
    `${name} ${own} ${titleOf(release)}: another person with role approver must approve it`,
  );
}

function approvalBy(actor: Actor, at: number, note: string, bypass: boolean): Approval {
  return { by: actorName(actor), at, note, bypass };
}
