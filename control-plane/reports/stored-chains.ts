import type { NodeChain, NodeReport } from "../model/node.ts";
import type { Store } from "../store/store.ts";

/** What the control plane has made, and read, of chains. */
export interface ChainContents {
  chainOf(hash: string): NodeChain | undefined;
  remember(chain: NodeChain): void;
}

/**
 * Which chains' contents are in the store: those that a node has in force or was sent, each once however many nodes
 * that are. A node tells the hash alone, and what it goes on with may be nowhere else by then.
 */
export class StoredChains {
  readonly #store: Pick<Store, "loadChains" | "forgetChains">;
  readonly #contents: ChainContents;
  readonly #stored = new Set<string>();

  constructor(store: Pick<Store, "loadChains" | "forgetChains">, contents: ChainContents) {
    this.#store = store;
    this.#contents = contents;
  }

  async load(): Promise<void> {
    for (const chain of await this.#store.loadChains()) {
      this.#contents.remember(chain);
      this.#stored.add(chain.hash);
    }
  }

  /** What is to be stored with these reports. */
  missing(reports: readonly NodeReport[]): readonly NodeChain[] {
    const hashes = new Set(reports.flatMap(hashesOf));
    return [...hashes]
      .filter((hash) => !this.#stored.has(hash))
      .map((hash) => this.#contents.chainOf(hash))
      .filter((chain) => chain !== undefined);
  }

  stored(chains: readonly NodeChain[]): void {
    for (const { hash } of chains) this.#stored.add(hash);
  }

  /** Deletes what none of these reports, which are all that there are, names. */
  async sweep(reports: readonly NodeReport[]): Promise<void> {
    const named = new Set(reports.flatMap(hashesOf));
    const unused = [...this.#stored].filter((hash) => !named.has(hash));
    if (unused.length === 0) return;
    // Before anything is awaited: what is named again meanwhile is stored again behind this.
    for (const hash of unused) this.#stored.delete(hash);
    try {
      await this.#store.forgetChains(unused);
    } catch (thrown) {
      for (const hash of unused) this.#stored.add(hash);
      throw thrown;
    }
  }
}

function hashesOf({ resources }: NodeReport): readonly string[] {
  const { acked, sent } = resources.chain;
  return [acked, sent].filter((mark) => mark !== undefined).map(({ hash }) => hash);
}
