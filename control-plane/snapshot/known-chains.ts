import type { NodeChain } from "../model/node.ts";
import type { ChainContent, ChainEntryContent, SnapshotResource } from "./node-snapshot.ts";

/** What a chain does with a plugin. */
export type ChainPlace =
  | { readonly kind: "runs"; readonly entry: ChainEntryContent }
  | { readonly kind: "unavailable" }
  | { readonly kind: "left out" };

const UNAVAILABLE: ChainPlace = { kind: "unavailable" };
const LEFT_OUT: ChainPlace = { kind: "left out" };

/** A version that a chain names; `loaded`: it is not switched off. */
export interface NamedVersion {
  readonly plugin: string;
  readonly version: string;
  readonly loaded: boolean;
}

interface KnownChain {
  readonly content: ChainContent;
  readonly places: ReadonlyMap<string, ChainPlace>;
  readonly versions: readonly NamedVersion[];
}

/**
 * Of one cluster. What was not asked for the longest goes first: who has it in force waits until its node answers.
 */
const MOST_CHAINS = 2_000;

/**
 * What the chains are made of that were made for a cluster, or are stored of it. A node tells the hash alone of what it
 * has in force.
 */
export class KnownChains {
  /** By cluster, so that no node learns, or drives out, what is another cluster's; then by hash. */
  readonly #clusters = new Map<string, Map<string, KnownChain>>();

  remember({ cluster, hash, content }: NodeChain): void {
    const chains = this.#clusters.get(cluster) ?? new Map<string, KnownChain>();
    this.#clusters.set(cluster, chains);
    if (chains.has(hash)) return;
    const chain = content as ChainContent;
    const { entries } = chain;
    chains.set(hash, {
      content: chain,
      places: placesIn(entries),
      versions: entries.flatMap(versionsOf),
    });
    const [oldest] = chains.keys();
    if (chains.size > MOST_CHAINS && oldest !== undefined) chains.delete(oldest);
  }

  /** As it can be sent again; undefined: nothing is known of the chain of this hash. */
  chainOf(cluster: string, hash: string | undefined): SnapshotResource | undefined {
    const content = this.#of(cluster, hash)?.content;
    if (hash === undefined || content === undefined) return undefined;
    return { hash, content, tombstone: content.entries.length === 0 };
  }

  /** Undefined: nothing is known of the chain of this hash. */
  placeOf(plugin: string, cluster: string, hash: string | undefined): ChainPlace | undefined {
    const chain = this.#of(cluster, hash);
    return chain === undefined ? undefined : (chain.places.get(plugin) ?? LEFT_OUT);
  }

  /** None where nothing is known of the chain of this hash. */
  versionsIn(cluster: string, hash: string | undefined): readonly NamedVersion[] {
    return this.#of(cluster, hash)?.versions ?? [];
  }

  #of(cluster: string, hash: string | undefined): KnownChain | undefined {
    const chains = this.#clusters.get(cluster);
    const chain = hash === undefined ? undefined : chains?.get(hash);
    if (chains === undefined || hash === undefined || chain === undefined) return undefined;
    chains.delete(hash);
    chains.set(hash, chain);
    return chain;
  }
}

function placesIn(entries: readonly ChainEntryContent[]): ReadonlyMap<string, ChainPlace> {
  return new Map(entries.map((entry) => [String(entry.plugin), placeIn(entry)]));
}

/** What is off runs nothing: no node has ever looked at its config. */
function placeIn(entry: ChainEntryContent): ChainPlace {
  if (entry.mode === "off") return LEFT_OUT;
  return entry.unavailable === undefined ? { kind: "runs", entry } : UNAVAILABLE;
}

function versionsOf({ plugin, version, mode, gray }: ChainEntryContent): readonly NamedVersion[] {
  const share = gray as { readonly version: string } | undefined;
  return [version, share?.version]
    .filter((each) => typeof each === "string")
    .map((each) => ({ plugin: String(plugin), version: each, loaded: mode !== "off" }));
}
