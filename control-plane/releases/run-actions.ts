import { OperationError } from "../model/operation-error.ts";
import { OPEN } from "../model/release-machine.ts";
import { isGray, type Release } from "../model/release.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import type { Change } from "../store/store.ts";
import type { ReleaseAction } from "./change-release.ts";
import { releasesIn } from "./stored-releases.ts";
import { takeStep, titleOf } from "./take-step.ts";

/** How many nodes a message names. */
const NAMED = 5;

export function download(): ReleaseAction {
  return (release) => takeStep(release, "download");
}

export function activate(): ReleaseAction {
  return (release) => takeStep(release, "activate");
}

export function complete(): ReleaseAction {
  return (release) => takeStep(release, "complete");
}

export function fail(reason: string): ReleaseAction {
  return (release) => takeStep(release, "fail", { reason });
}

export function cancel(note: string): ReleaseAction {
  return (release) => takeStep(release, "cancel", { reason: note });
}

/** A gray release ends while in force; a full one only when no node uses it. */
export function remove(reports: NodeReports): ReleaseAction {
  return async (release, change) => {
    const deleted = takeStep(release, "delete", { reason: "deleted" });
    if (!isGray(release)) {
      refuseUsed(release, reports);
      await refuseBase(release, change);
    }
    return deleted;
  };
}

/** What a node said last counts, OFFLINE or not: it uses the version again when it is back. */
function refuseUsed(release: Release, reports: NodeReports): void {
  const users = reports
    .list(release.cluster)
    .filter(({ report }) => report.plugins.some((each) => each.digest === release.digest && isUsed(each)))
    .map(({ node }) => node.id);
  if (users.length === 0) return;
  const named = users.slice(0, NAMED).join(", ");
  const more = users.length > NAMED ? ` and ${users.length - NAMED} more` : "";
  throw new OperationError("in_use", `${titleOf(release)} is used by ${named}${more}`);
}

function isUsed({ status }: { readonly status: string }): boolean {
  return !["INSTALLED", "REMOVED", "ALIEN"].includes(status);
}

async function refuseBase(release: Release, change: Change): Promise<void> {
  const { cluster, plugin } = release;
  const [open] = await releasesIn(change, OPEN, { cluster, plugin });
  if (open === undefined) return;
  throw new OperationError(
    "in_use",
    `${titleOf(release)} is what nodes go back to from ${titleOf(open)}, which is ${open.state}`,
  );
}
