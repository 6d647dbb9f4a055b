import { isGray, NODE_STEPS, type NodeStep, type Release, type ReleaseNode } from "../model/release.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import type { InForce } from "./in-force.ts";
import { nodeProgress, type ChainMode } from "./node-progress.ts";

/** What every node of the cluster has done of a release, as of now. */
export interface ReleaseProgress {
  /** In the order of their ids. */
  readonly nodes: readonly ReleaseNode[];
  /** Of targeted nodes. */
  readonly counts: Readonly<Record<NodeStep, number>>;
  /**
   * Every targeted node that is not OFFLINE is at least this far; gray, there is one. `active`: and no node runs it any
   * more that it was for.
   */
  readonly downloaded: boolean;
  readonly active: boolean;
}

/** `entry`: the plugin's in the cluster's chain. */
export function progressOf(
  release: Release,
  entry: ChainMode | undefined,
  reports: Pick<NodeReports, "list" | "presence" | "settled">,
): ReleaseProgress {
  const nodes = reports.list(release.cluster).map((known) => {
    // Who has not spoken since the start may be about to: only then is somebody OFFLINE, and holds nothing up.
    const online = reports.presence(known.node.id) !== "OFFLINE" || !reports.settled;
    return nodeProgress(release, entry, known, online);
  });
  const targeted = nodes.filter((node) => node.targeted);
  const waitedFor = targeted.filter((node) => node.online);
  // Gray that no node has shown to work would be promoted on the word of nobody.
  const begun = waitedFor.length > 0 || !isGray(release);
  return {
    nodes,
    counts: countsOf(targeted),
    downloaded: begun && waitedFor.every(({ step }) => ["downloaded", "activating", "active"].includes(step)),
    active: begun && waitedFor.every(({ step }) => step === "active") && !nodes.some(isLeaving),
  };
}

/** A gray release was for it, and it is waited for until it runs the version no more. */
function isLeaving({ online, targeted, step }: ReleaseNode): boolean {
  return online && !targeted && step !== "waiting";
}

/** Nothing more happens by itself. `inForce`: of its plugin in its cluster, or of what was there when it ended. */
export function isSettled(
  release: Release,
  progress: ReleaseProgress,
  inForce: InForce | undefined,
): boolean {
  const { state, automatic } = release;
  const waitedFor = progress.nodes.filter((node) => (node.online && node.targeted) || isLeaving(node));
  const everyNodeIs = (...steps: readonly NodeStep[]): boolean =>
    waitedFor.every(({ step }) => steps.includes(step));
  switch (state) {
    case "SCHEDULED":
      return false;
    case "APPROVED":
    case "DOWNLOADED":
      return !automatic;
    case "DOWNLOADING":
      return waitedFor.length > 0 && !progress.downloaded && everyNodeIs("downloaded", "failed");
    case "ACTIVATING":
      return waitedFor.length > 0 && !progress.active && everyNodeIs("active", "failed");
    case "GRAY":
    case "ACTIVE":
    case "DONE":
      return everyNodeIs("active", "failed");
    case "FAILED":
    case "CANCELLED":
      return (
        isInForce(release, inForce) || !progress.nodes.some((node) => node.online && runs(node, release))
      );
    default:
      return true;
  }
}

/** The same version is in force by another release. */
function isInForce({ version }: Release, inForce: InForce | undefined): boolean {
  return inForce?.base?.version === version || inForce?.underWay?.version === version;
}

function runs({ running }: ReleaseNode, { version }: Release): boolean {
  return running === version;
}

function countsOf(nodes: readonly ReleaseNode[]): Record<NodeStep, number> {
  const counts = Object.fromEntries(NODE_STEPS.map((step) => [step, 0])) as Record<NodeStep, number>;
  for (const { step } of nodes) counts[step]++;
  return counts;
}
