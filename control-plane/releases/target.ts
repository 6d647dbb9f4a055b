import { BUCKETS, bucketOf, hashText } from "../../core/hash.ts";
import type { Node } from "../model/node.ts";
import type { Release } from "../model/release.ts";

const SALT = "release/";

/** What nodes of a percentage, and exchanges of a percentage of traffic, are divided by: the release's own. */
export function saltOf(release: Pick<Release, "id">): string {
  return `${SALT}${release.id}`;
}

/** The number of the release that this is the salt of. */
export function releaseOfSalt(salt: string): number {
  return Number(salt.slice(SALT.length));
}

/** Of the traffic of a node that a gray release is for, percent. */
export function shareOf({ target }: Pick<Release, "target">): number {
  return target.kind === "traffic" ? target.percentage : 100;
}

/**
 * Whether the release is for this node of its cluster. A percentage goes by a stable hash of the node's id, salted by
 * the release: another percentage of the same release only adds nodes, or only takes some away.
 */
export function isTargeted(
  release: Pick<Release, "id" | "target" | "firstNode">,
  node: Pick<Node, "id" | "labels">,
): boolean {
  const { target } = release;
  switch (target.kind) {
    case "full":
    case "traffic":
      return true;
    case "nodes":
      return target.nodes.includes(node.id);
    case "selector":
      return Object.entries(target.labels).every(([name, value]) => node.labels[name] === value);
    case "percentage":
      return (
        node.id === release.firstNode ||
        bucketOf(hashText(saltOf(release)), node.id) < (target.percentage * BUCKETS) / 100
      );
  }
}
