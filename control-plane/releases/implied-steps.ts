import type { ReleaseStepName } from "../model/release-machine.ts";
import { isGray, type Release } from "../model/release.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import type { ClusterState } from "./cluster-state.ts";
import { progressOf, type ReleaseProgress } from "./release-progress.ts";

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
function stepByReports(
  release: Release,
  progress: Pick<ReleaseProgress, "downloaded" | "active">,
): ReleaseStepName | undefined {
  if (release.state === "DOWNLOADING" && progress.downloaded) return "downloaded";
  if (release.state !== "ACTIVATING" || !progress.active) return undefined;
  return isGray(release) ? "gray" : "active";
}

/** A step that nobody asks for, and whose it is. */
export interface ImpliedStep {
  readonly release: Release;
  readonly name: ReleaseStepName;
  readonly by: "schedule" | "reports";
}

/** All steps that are implied now; at most one for each release. */
export function impliedSteps(
  clusters: Iterable<ClusterState>,
  reports: NodeReports,
  wall: number,
): readonly ImpliedStep[] {
  return [...clusters].flatMap((state) =>
    state.releases.flatMap((release): ImpliedStep[] => {
      const byTime = stepByTime(release, wall);
      if (byTime !== undefined) return [{ release, name: byTime, by: "schedule" }];
      if (!waitsForNodes(release)) return [];
      const name = stepByReports(release, progressOf(release, state.entries.get(release.plugin), reports));
      return name === undefined ? [] : [{ release, name, by: "reports" }];
    }),
  );
}

/** What nodes report may take it further. */
export function waitsForNodes({ state }: Pick<Release, "state">): boolean {
  return state === "DOWNLOADING" || state === "ACTIVATING";
}
