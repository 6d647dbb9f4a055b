import { contentHash } from "../../core/content-hash.ts";
import type { Node, NodeReport } from "../../control-plane/model/node.ts";
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

/** Snapshots by hand, the same for every node of the cluster `demo`. */
export class ScriptedSnapshots implements SnapshotSource {
  readonly #listeners = new Set<(tick: number) => void>();
  #script: Script;
  tick = 1;
  /** Snapshots that were made. */
  made = 0;

  constructor(script: Script = {}) {
    this.#script = script;
  }

  set(script: Script): void {
    this.#script = script;
    this.tick++;
    for (const listener of this.#listeners) listener(this.tick);
  }

  snapshotFor(_node: Node, _report: NodeReport): NodeSnapshot {
    this.made++;
    const { packages = [], services = {}, chain = [] } = this.#script;
    const entries = chain.map((entry) => {
      const [plugin, version] = entry.split("@");
      return { plugin, version };
    });
    return {
      tick: this.tick,
      resources: {
        stage: resource({ packages }),
        route: resource({ services }),
        chain: resource({ entries, deadlines: { request: "1s", response: "1s" } }),
      },
    };
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
