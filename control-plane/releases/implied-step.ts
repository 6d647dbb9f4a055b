import type { ReleaseStepName } from "../model/release-machine.ts";
import { isGray, type Release } from "../model/release.ts";
import type { ReleaseProgress } from "./release-progress.ts";

/**
 * The step that time implies at `wall` (ms): what has a time waits for it, and what is automatic goes on by itself.
 * Undefined: none.
 */
export function stepByTime(release: Release, wall: number): ReleaseStepName | undefined {
  const { state, automatic, scheduledAt } = release;
  if (!automatic) return undefined;
  const due = scheduledAt === undefined || scheduledAt <= wall;
  if (state === "APPROVED") return due ? "begin" : "schedule";
  if (state === "SCHEDULED" && due) return "begin";
  if (state === "DOWNLOADED" && due) return "continue";
  return undefined;
}

/** The step that nodes' reports imply: the one place where they change a release. Undefined: none. */
export function stepByReports(
  release: Release,
  progress: Pick<ReleaseProgress, "downloaded" | "active">,
): ReleaseStepName | undefined {
  if (release.state === "DOWNLOADING" && progress.downloaded) return "downloaded";
  if (release.state !== "ACTIVATING" || !progress.active) return undefined;
  return isGray(release) ? "gray" : "active";
}
