import { RESOURCE_TYPES, type ResourceType } from "../model/node.ts";
import type { KnownNode } from "../reports/node-reports.ts";
import type { KnownChains } from "../snapshot/known-chains.ts";
import type { SnapshotResource } from "../snapshot/node-snapshot.ts";

/** Contents that are remembered for one type in one cluster; the oldest is forgotten first. */
const MOST_CONTENTS = 32;

interface Verdict {
  acked: boolean;
  nacked: boolean;
  /** What the node that refused it goes on with. */
  before: SnapshotResource | undefined;
}

/**
 * What nodes of a cluster made of each content: one that a node refused and none took is kept from nodes that have
 * nothing yet; they get what goes on elsewhere.
 */
export class Revisions {
  readonly #verdicts = new Map<string, Map<string, Verdict>>();

  /** What nodes made of contents before the control plane started, as their last reports say. */
  recall(nodes: readonly KnownNode[], chains: Pick<KnownChains, "chainOf">): void {
    const standings = nodes.flatMap(({ node, report }) =>
      RESOURCE_TYPES.map((type) => ({ cluster: node.cluster, type, ...report.resources[type] })),
    );
    const refusals = standings.flatMap(({ cluster, type, acked, refused }) =>
      refused.map(({ hash, at }) => ({ cluster, type, acked, hash, at })),
    );
    for (const { cluster, type, acked, hash } of refusals.toSorted((left, right) => left.at - right.at))
      this.nacked(cluster, type, hash, type === "chain" ? chains.chainOf(cluster, acked?.hash) : undefined);
    for (const { cluster, type, acked } of standings) {
      const verdict = acked && this.#of(cluster, type).get(acked.hash);
      if (verdict !== undefined) verdict.acked = true;
    }
  }

  /** It is in force on a node. True where that ends a sparing: nodes that were spared it are to have it now. */
  acked(cluster: string, type: ResourceType, hash: string): boolean {
    const verdict = this.#verdict(cluster, type, hash);
    const spared = verdict.nacked && !verdict.acked;
    verdict.acked = true;
    return spared;
  }

  /** `before`: what the node goes on with, where it is known. */
  nacked(cluster: string, type: ResourceType, hash: string, before: SnapshotResource | undefined): void {
    const verdict = this.#verdict(cluster, type, hash);
    verdict.nacked = true;
    verdict.before = before ?? verdict.before;
  }

  /** What goes on where this was refused, while nobody took it; undefined: nothing speaks against it, or is known. */
  standIn(cluster: string, type: ResourceType, hash: string): SnapshotResource | undefined {
    const verdict = this.#of(cluster, type).get(hash);
    return verdict !== undefined && verdict.nacked && !verdict.acked ? verdict.before : undefined;
  }

  #verdict(cluster: string, type: ResourceType, hash: string): Verdict {
    const verdicts = this.#of(cluster, type);
    const verdict = verdicts.get(hash) ?? { acked: false, nacked: false, before: undefined };
    verdicts.delete(hash);
    verdicts.set(hash, verdict);
    const [oldest] = verdicts.keys();
    if (verdicts.size > MOST_CONTENTS && oldest !== undefined) verdicts.delete(oldest);
    return verdict;
  }

  #of(cluster: string, type: ResourceType): Map<string, Verdict> {
    const key = `${cluster}/${type}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const made = new Map<string, Verdict>();
    this.#verdicts.set(key, made);
    return made;
  }
}
