import { contentHash } from "../../core/content-hash.ts";
import type { Node, NodeReport } from "../../control-plane/model/node.ts";
import type { KnownChains } from "../../control-plane/snapshot/known-chains.ts";
import type {
  NodeSnapshot,
  SnapshotResource,
  SnapshotSource,
  StageContent,
} from "../../control-plane/snapshot/node-snapshot.ts";

export type Package = StageContent["packages"][number];

/** What nodes of a cluster are to have, as a test says it. */
export interface Script {
  readonly packages?: readonly Package[];
  readonly services?: Readonly<Record<string, readonly string[]>>;
  /** `plugin@version` of each entry. */
  readonly chain?: readonly string[];
}

/** Snapshots by hand, the same for every node. */
export class ScriptedSnapshots implements SnapshotSource {
  readonly #listeners = new Set<(tick: number) => void>();
  #script: Script;
  tick = 1;
  /** Snapshots that were made. */
  made = 0;
  /** Where chains that are made become known. */
  known: Pick<KnownChains, "remember"> | undefined;

  constructor(script: Script = {}) {
    this.#script = script;
  }

  set(script: Script): void {
    this.#script = script;
    this.tick++;
    for (const listener of this.#listeners) listener(this.tick);
  }

  snapshotFor({ cluster }: Node, _report: NodeReport): NodeSnapshot {
    this.made++;
    const { packages = [], services = {}, chain: named = [] } = this.#script;
    const entries = named.map((entry) => {
      const [plugin, version] = entry.split("@");
      return { plugin, version };
    });
    const chain = resource({ entries, deadlines: { request: "1s", response: "1s" } });
    this.known?.remember({ cluster, hash: chain.hash, content: chain.content });
    const { tick } = this;
    const resources = { stage: resource({ packages }), route: resource({ services }), chain };
    return { tick, resources, inPlace: undefined };
  }

  onChange(listener: (tick: number) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

function resource(content: unknown): SnapshotResource {
  return { hash: contentHash(content), content, tombstone: false };
}

/** A package with a digest of its own. */
export function packageOf(plugin: string, version: string): Package {
  return { plugin, version, digest: contentHash([plugin, version]), size: 1_000, config: undefined };
}
