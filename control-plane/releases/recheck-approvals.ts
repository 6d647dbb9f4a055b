import { BEFORE_FORCE } from "../model/release-machine.ts";
import type { Release } from "../model/release.ts";
import type { Change } from "../store/store.ts";
import { approvalsNeeded, hasApprovals } from "./approval-actions.ts";
import { releasesIn } from "./stored-releases.ts";
import { takeStep } from "./take-step.ts";

/**
 * Part of the change that makes a cluster ask for more approvals, or fewer: what is in force nowhere waits for those
 * that are missing, or does not wait any more. What is in force, or has ended, was approved under the rules of its time.
 */
export async function recheckApprovals(change: Change, cluster: string): Promise<void> {
  for (const release of await releasesIn(change, ["PENDING_APPROVAL", ...BEFORE_FORCE], { cluster })) {
    const after = await rechecked(release, change);
    if (after !== undefined) await change.releases.update({ ...after, updatedAt: change.at });
  }
}

async function rechecked(release: Release, change: Change): Promise<Release | undefined> {
  const requiredApprovals = await approvalsNeeded(release, change);
  const asked = { ...release, requiredApprovals };
  if (release.state !== "PENDING_APPROVAL")
    return hasApprovals(asked) ? undefined : takeStep(asked, "unapproved");
  if (!hasApprovals(asked)) return requiredApprovals === release.requiredApprovals ? undefined : asked;
  const approved = takeStep(asked, "approved");
  // The follower looks at what is SCHEDULED, not at what is APPROVED; if its time has come, it begins at once.
  return approved.automatic ? takeStep(approved, "schedule") : approved;
}
