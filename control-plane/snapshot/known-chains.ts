import type { ChainContent, SnapshotResource } from "./node-snapshot.ts";

/** What a chain does with a plugin. */
export type ChainPlace = "runs" | "unavailable" | "left out";

/** The oldest goes first: who has it in force waits until its node answers. */
const MOST_CHAINS = 2_000;

/** What the chains that were made name. A node tells the hash alone of what it has in force. */
export class KnownChains {
  readonly #places = new Map<string, ReadonlyMap<string, ChainPlace>>();

  note({ hash, content }: SnapshotResource): void {
    if (this.#places.has(hash)) return;
    this.#places.set(hash, placesIn(content as ChainContent));
    const [oldest] = this.#places.keys();
    if (this.#places.size > MOST_CHAINS && oldest !== undefined) this.#places.delete(oldest);
  }

  /** Undefined: nothing is known of the chain of this hash. */
  placeOf(plugin: string, hash: string | undefined): ChainPlace | undefined {
    const places = hash === undefined ? undefined : this.#places.get(hash);
    return places === undefined ? undefined : (places.get(plugin) ?? "left out");
  }
}

function placesIn({ entries }: ChainContent): ReadonlyMap<string, ChainPlace> {
  return new Map(
    entries.map(({ plugin, unavailable }) => [
      String(plugin),
      unavailable === undefined ? "runs" : "unavailable",
    ]),
  );
}
