import { RESOURCE_TYPES, type ResourceType } from "../model/node.ts";
import type { KnownNode, NodeReports } from "../reports/node-reports.ts";
import type { KnownChains } from "../snapshot/known-chains.ts";
import type { SnapshotResource } from "../snapshot/node-snapshot.ts";

/** Refused contents that are remembered for one type in one cluster; the oldest is forgotten first. */
const MOST_REFUSED = 32;

/** What the node that refused a content took before it on the same stream; undefined: nothing. */
type Before = SnapshotResource | undefined;

/**
 * Which contents nodes of a cluster refused: one that no node has in force is kept from nodes that have nothing yet; they
 * get what goes on elsewhere. Only the answer to what a node was sent is a refusal: what nodes claim when they connect
 * can do no more than end a sparing.
 */
export class Revisions {
  readonly #reports: Pick<NodeReports, "list">;
  readonly #chains: Pick<KnownChains, "chainOf">;
  readonly #refused = new Map<string, Map<string, Before>>();

  constructor(reports: Pick<NodeReports, "list">, chains: Pick<KnownChains, "chainOf">) {
    this.#reports = reports;
    this.#chains = chains;
  }

  /** What nodes refused before the control plane started, as their last reports say. */
  recall(): void {
    const refusals = this.#reports
      .list()
      .flatMap(({ node, report }) =>
        RESOURCE_TYPES.flatMap((type) =>
          report.resources[type].refused.map(({ hash, at }) => ({ cluster: node.cluster, type, hash, at })),
        ),
      );
    for (const { cluster, type, hash } of refusals.toSorted((left, right) => left.at - right.at))
      this.nacked(cluster, type, hash, undefined);
  }

  /** `before`: what the node took on this stream before, and goes on with. */
  nacked(cluster: string, type: ResourceType, hash: string, before: Before): void {
    const refused = this.#of(cluster, type);
    const known = before ?? refused.get(hash);
    refused.delete(hash);
    refused.set(hash, known);
    const [oldest] = refused.keys();
    if (refused.size > MOST_REFUSED && oldest !== undefined) refused.delete(oldest);
  }

  isRefused(cluster: string, type: ResourceType, hash: string): boolean {
    return this.#of(cluster, type).has(hash);
  }

  /** What goes on where this was refused, while no node has it; undefined: nothing speaks against it, or is known. */
  standIn(cluster: string, type: ResourceType, hash: string): SnapshotResource | undefined {
    if (!this.isRefused(cluster, type, hash)) return undefined;
    const nodes = this.#reports.list(cluster);
    if (nodes.some(({ report }) => report.resources[type].acked?.hash === hash)) return undefined;
    if (type !== "chain") return this.#of(cluster, type).get(hash);
    return this.#mostCommon(cluster, nodes);
  }

  /**
   * The chain that more nodes have in force than any other, OFFLINE ones too: no node decides alone where others have
   * another one. Only what was made for the node counts, and never a chain without a plugin.
   */
  #mostCommon(cluster: string, nodes: readonly KnownNode[]): SnapshotResource | undefined {
    const counts = new Map<string, number>();
    for (const { report } of nodes) {
      const { acked } = report.resources.chain;
      if (acked !== undefined && acked.tick > 0) counts.set(acked.hash, (counts.get(acked.hash) ?? 0) + 1);
    }
    const [first, second] = [...counts]
      .flatMap(([hash, count]) => {
        const chain = this.#chains.chainOf(cluster, hash);
        return chain === undefined || chain.tombstone ? [] : [{ chain, count }];
      })
      .toSorted((left, right) => right.count - left.count);
    return first !== undefined && first.count > (second?.count ?? 0) ? first.chain : undefined;
  }

  #of(cluster: string, type: ResourceType): Map<string, Before> {
    const key = `${cluster}/${type}`;
    const known = this.#refused.get(key);
    if (known !== undefined) return known;
    const made = new Map<string, Before>();
    this.#refused.set(key, made);
    return made;
  }
}
