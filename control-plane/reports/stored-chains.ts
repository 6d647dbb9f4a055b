import type { NodeChain, NodeChainKey } from "../model/node.ts";
import type { Store } from "../store/store.ts";
import type { KnownNode } from "./node-reports.ts";

/** What the control plane has made, and read, of chains. */
export interface ChainContents {
  chainOf(cluster: string, hash: string): Pick<NodeChain, "content"> | undefined;
  remember(chain: NodeChain): void;
}

/**
 * Which chains' contents are in the store: those that a node has in force or was sent, each once in a cluster, however
 * many nodes that are. A node tells the hash alone, and what it goes on with may be nowhere else by then.
 */
export class StoredChains {
  readonly #store: Pick<Store, "loadChains" | "forgetChains">;
  readonly #contents: ChainContents;
  readonly #stored = new Map<string, NodeChainKey>();

  constructor(store: Pick<Store, "loadChains" | "forgetChains">, contents: ChainContents) {
    this.#store = store;
    this.#contents = contents;
  }

  async load(): Promise<void> {
    for (const chain of await this.#store.loadChains()) {
      this.#contents.remember(chain);
      this.#note(chain);
    }
  }

  /** What is to be stored with these nodes' reports. */
  missing(nodes: readonly KnownNode[]): readonly NodeChain[] {
    return [...keysOf(nodes)]
      .filter(([name]) => !this.#stored.has(name))
      .flatMap(([, { cluster, hash }]) => {
        const chain = this.#contents.chainOf(cluster, hash);
        return chain === undefined ? [] : [{ cluster, hash, content: chain.content }];
      });
  }

  stored(chains: readonly NodeChainKey[]): void {
    for (const chain of chains) this.#note(chain);
  }

  /** Deletes what none of these nodes, which are all that there are, has. */
  async sweep(nodes: readonly KnownNode[]): Promise<void> {
    const named = keysOf(nodes);
    const unused = [...this.#stored].filter(([name]) => !named.has(name));
    if (unused.length === 0) return;
    // Before anything is awaited: what is named again meanwhile is stored again behind this.
    for (const [name] of unused) this.#stored.delete(name);
    const keys = unused.map(([, key]) => key);
    try {
      await this.#store.forgetChains(keys);
    } catch (thrown) {
      this.stored(keys);
      throw thrown;
    }
  }

  #note({ cluster, hash }: NodeChainKey): void {
    this.#stored.set(nameOf(cluster, hash), { cluster, hash });
  }
}

/** By name. */
function keysOf(nodes: readonly KnownNode[]): ReadonlyMap<string, NodeChainKey> {
  const keys = new Map<string, NodeChainKey>();
  for (const { node, report } of nodes) {
    const { cluster } = node;
    const { acked, sent } = report.resources.chain;
    for (const { hash } of [acked, sent].filter((mark) => mark !== undefined))
      keys.set(nameOf(cluster, hash), { cluster, hash });
  }
  return keys;
}

function nameOf(cluster: string, hash: string): string {
  return `${cluster}/${hash}`;
}
