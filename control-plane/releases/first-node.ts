import { bucketOf, hashText } from "../../core/hash.ts";
import type { Release } from "../model/release.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import { isTargeted, saltOf } from "./target.ts";

/**
 * The node that a percentage of nodes takes although its share is too small for any: a tenth of three nodes is one
 * node, not none. Of those that are not OFFLINE the one that comes first when the percentage grows; it stays the one
 * as long as it is not OFFLINE. Undefined: the share takes some, or there is no node.
 */
export function firstNodeOf(
  release: Release,
  reports: Pick<NodeReports, "list" | "presence">,
): string | undefined {
  const { target, cluster, firstNode } = release;
  if (target.kind !== "percentage") return undefined;
  const nodes = reports
    .list(cluster)
    .map(({ node }) => node)
    .filter(({ id }) => reports.presence(id) !== "OFFLINE");
  if (nodes.length === 0 || nodes.some(({ id }) => id === firstNode)) return firstNode;
  if (nodes.some((node) => isTargeted({ id: release.id, target }, node))) return undefined;
  const salt = hashText(saltOf(release));
  const [first] = nodes.toSorted((left, right) => bucketOf(salt, left.id) - bucketOf(salt, right.id));
  return first?.id;
}
