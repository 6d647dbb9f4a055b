import type { Refusal, RefusedEntry, ResourceStanding } from "../model/node.ts";
import type { RefusedHashes } from "./chain-choices.ts";
import type { ChainInPlace, SnapshotResource } from "./node-snapshot.ts";
import { priorRefusal } from "./refused-entries.ts";

/**
 * What a node gets in place of a chain of which it refused entries: `make`, for what it must do without. What it refused of
 * that too is done without in turn. Undefined: it refused no entry of `wanted`.
 */
export function chainInPlace(
  wanted: SnapshotResource,
  standing: ResourceStanding,
  make: (without: RefusedHashes) => SnapshotResource | undefined,
): ChainInPlace | undefined {
  const prior = priorRefusal(wanted, standing);
  if (prior === undefined) return undefined;
  const { hash } = wanted;
  const without = new RefusedSoFar(prior);
  while (true) {
    const chain = make(without);
    if (chain?.hash === hash) return undefined;
    const refusal = standing.refused.find((each) => each.hash === chain?.hash);
    if (refusal === undefined) return { chain, refusal: refusalOf(hash, prior.at, without.met) };
    // It goes on with what it has, as with any chain that is wrong as a whole.
    if (!without.add(refusal)) return { chain: undefined, refusal: { ...refusal, hash, entries: undefined } };
  }
}

function refusalOf(hash: string, at: number, entries: readonly RefusedEntry[]): Refusal {
  return { hash, at, problems: entries.map(({ problem }) => problem), entries };
}

/** Entries that the node refused, in one chain or in another. */
class RefusedSoFar implements RefusedHashes {
  readonly #entries = new Map<string, RefusedEntry>();
  readonly #met = new Set<RefusedEntry>();

  constructor(first: Refusal) {
    this.add(first);
  }

  /** Those that were asked for: the others concern nothing that the node should have. */
  get met(): readonly RefusedEntry[] {
    return [...this.#met];
  }

  has(hash: string): boolean {
    const entry = this.#entries.get(hash);
    if (entry !== undefined) this.#met.add(entry);
    return entry !== undefined;
  }

  /** False: nothing of it is new. */
  add({ entries = [] }: Refusal): boolean {
    const before = this.#entries.size;
    for (const entry of entries) this.#entries.set(entry.hash, entry);
    return this.#entries.size > before;
  }
}
