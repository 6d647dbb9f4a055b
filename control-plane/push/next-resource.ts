import { RESOURCE_TYPES, type NodeReport, type ResourceType } from "../model/node.ts";
import { keyOf } from "../reports/reported-plugins.ts";
import type { SnapshotResource, StageContent } from "../snapshot/node-snapshot.ts";

/** What decides on the next resource beside the node's report. */
export interface Offer {
  /** Undefined: nothing of this type yet. */
  readonly resources: Readonly<Record<ResourceType, SnapshotResource | undefined>>;
  /** Types on their way. */
  readonly inFlight: ReadonlySet<ResourceType>;
  /** Hash of the stage that was sent on this stream although it is in force. */
  readonly repeated: string | undefined;
  /** False in the time after the control plane's start in which no endpoint may go: a route in force stays. */
  readonly settled: boolean;
}

/**
 * What a node is to be sent now, in make-before-break order: nothing goes before what comes before it is answered.
 * Undefined: nothing, or not yet.
 */
export function nextResource(report: NodeReport, offer: Offer): ResourceType | undefined {
  for (const type of RESOURCE_TYPES) {
    if (offer.inFlight.has(type)) return undefined;
    if (isDue(report, type, offer)) return type;
  }
  return undefined;
}

function isDue(report: NodeReport, type: ResourceType, offer: Offer): boolean {
  const { acked, refused } = report.resources[type];
  const resource = offer.resources[type];
  if (resource === undefined) return false;
  // Also one that is in force: a node that cannot take it again now would be asked again and again.
  if (refused.some(({ hash }) => hash === resource.hash)) return false;
  if (acked?.hash === resource.hash) return type === "stage" && isToBeRepeated(report, resource, offer);
  return type !== "route" || offer.settled || acked === undefined;
}

/** The node has it in force, and is to hear of a retry, or to say how its packages stand: that it is asked once. */
function isToBeRepeated(report: NodeReport, resource: SnapshotResource, { repeated }: Offer): boolean {
  const { packages } = resource.content as StageContent;
  if (packages.some(({ digest }) => report.again.includes(digest))) return true;
  return repeated !== resource.hash && leavesOpen(report, resource);
}

/** The node never said how one of its packages stands, or the report was lost. */
function leavesOpen(report: NodeReport, { content }: SnapshotResource): boolean {
  const spoken = new Set(report.packages.map(keyOf));
  return (content as StageContent).packages.some((item) => !spoken.has(keyOf(item)));
}
