import type { ClusterChain, ClusterChainEntry } from "../model/chain.ts";
import type { Release } from "../model/release.ts";
import { inForceByPlugin, type InForce } from "./in-force.ts";

/** What is stored of one cluster that its nodes have to do with, as of one tick; another object at each change of it. */
export interface ClusterState {
  readonly name: string;
  /** Undefined: nobody ever wrote one. */
  readonly chain: ClusterChain | undefined;
  /** Those that concern nodes, or wait for their time; in the order of their numbers. */
  readonly releases: readonly Release[];
  /** By plugin. */
  readonly inForce: ReadonlyMap<string, InForce>;
  /** By plugin: its place in the chain. */
  readonly entries: ReadonlyMap<string, ClusterChainEntry>;
}

export function clusterState(
  name: string,
  chain: ClusterChain | undefined,
  releases: readonly Release[],
): ClusterState {
  const ordered = releases.toSorted((left, right) => left.id - right.id);
  return {
    name,
    chain,
    releases: ordered,
    inForce: inForceByPlugin(ordered),
    entries: new Map((chain?.entries ?? []).map((entry) => [entry.plugin, entry])),
  };
}
