import type {
  Node,
  NodePackage,
  NodePlugin,
  Presence,
  ResourceMark,
  SyncState,
} from "../../control-plane/model/node.ts";
import type { Convergence, KnownNode, NodeReports } from "../../control-plane/reports/node-reports.ts";
import { markedEntries } from "../../control-plane/snapshot/marked-entries.ts";
import type {
  ChainContent,
  SnapshotSource,
  StageContent,
} from "../../control-plane/snapshot/node-snapshot.ts";

interface SimulatedNode {
  readonly node: Node;
  online: boolean;
  packages: readonly NodePackage[];
  plugins: readonly NodePlugin[];
  chain: ResourceMark | undefined;
}

/**
 * Nodes without streams: each takes the snapshot that it is given at once, as far as it can load what it is told to
 * hold, and its report is there at once.
 */
export class SimulatedFleet implements NodeReports {
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #listeners = new Set<(node: string) => void>();
  /** Digests that a node cannot load, as `node digest`. */
  readonly #broken = new Set<string>();
  readonly #stopped = new Set<string>();
  /** What people asked to have tried again. */
  readonly retried: string[] = [];
  settled = true;

  join(node: Node): void {
    this.#nodes.set(node.id, { node, online: true, packages: [], plugins: [], chain: undefined });
    this.#tell(node.id);
  }

  /** OFFLINE, or back. */
  goes(id: string, where: "online" | "offline"): void {
    this.#node(id).online = where === "online";
    this.#tell(id);
  }

  /** Its process is stopped: it takes nothing, and is not missed yet. */
  stops(id: string): void {
    this.#stopped.add(id);
  }

  continues(id: string): void {
    this.#stopped.delete(id);
  }

  /** It calls this package invalid, until it is repaired. */
  breaks(id: string, digest: string): void {
    this.#broken.add(`${id} ${digest}`);
  }

  isBroken(id: string, digest: string): boolean {
    return this.#broken.has(`${id} ${digest}`);
  }

  repairs(id: string, digest: string): void {
    this.#broken.delete(`${id} ${digest}`);
  }

  /** Every node that is online takes its snapshot, until nothing changes any more. True: something did. */
  take(source: SnapshotSource): boolean {
    let taken = false;
    for (const [id, each] of this.#nodes) {
      if (!each.online || this.#stopped.has(id)) continue;
      for (let rounds = 0; this.#takeOne(each, source); rounds++) {
        if (rounds === 10) throw new Error(`the snapshots of ${id} have no end`);
        taken = true;
        this.#tell(id);
      }
    }
    return taken;
  }

  /** `guard@1.0.0` for each plugin that runs. */
  running(id: string): readonly string[] {
    const running = this.#node(id).plugins.filter(({ status }) => status === "RUNNING");
    return running.map(({ plugin, version }) => `${plugin}@${version}`);
  }

  get(id: string): KnownNode | undefined {
    const known = this.#nodes.get(id);
    return known === undefined ? undefined : { node: known.node, report: reportOf(known) };
  }

  list(cluster?: string): readonly KnownNode[] {
    return [...this.#nodes.values()]
      .filter(({ node }) => cluster === undefined || node.cluster === cluster)
      .map((known) => ({ node: known.node, report: reportOf(known) }));
  }

  presence(id: string): Presence {
    return this.#nodes.get(id)?.online === true ? "ONLINE" : "OFFLINE";
  }

  sync(): SyncState {
    return "SYNCED";
  }

  convergence(): Convergence {
    return { nodes: 0, online: 0, synced: 0, pending: 0, rejected: 0, converged: true };
  }

  onChange(listener: (node: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  retry(id: string): void {
    this.retried.push(id);
    const node = this.#node(id);
    node.packages = node.packages.filter(({ state }) => state !== "INVALID");
    this.#tell(id);
  }

  forget(id: string): void {
    this.#nodes.delete(id);
  }

  #takeOne(each: SimulatedNode, source: SnapshotSource): boolean {
    const before = JSON.stringify([each.packages, each.plugins, each.chain]);
    const { stage, chain } = source.snapshotFor(each.node, reportOf(each)).resources;
    if (stage !== undefined) each.packages = this.#hold(each, stage.content as StageContent);
    if (chain !== undefined) {
      each.chain = { hash: chain.hash, tick: 1, at: 0, entries: markedEntries(chain) };
      each.plugins = run(each, chain.content as ChainContent);
    }
    return JSON.stringify([each.packages, each.plugins, each.chain]) !== before;
  }

  #hold({ node, packages }: SimulatedNode, { packages: wanted }: StageContent): readonly NodePackage[] {
    return wanted.map(({ plugin, version, digest }): NodePackage => {
      const known = packages.find((each) => each.digest === digest);
      if (known !== undefined) return known;
      const broken = this.#broken.has(`${node.id} ${digest}`);
      const detail = broken ? "it throws at the top level" : "";
      return { plugin, version, digest, state: broken ? "INVALID" : "LOADABLE", detail };
    });
  }

  #node(id: string): SimulatedNode {
    const known = this.#nodes.get(id);
    if (known === undefined) throw new Error(`no node ${id}`);
    return known;
  }

  #tell(id: string): void {
    for (const listener of this.#listeners) listener(id);
  }
}

/** As a node does: a version that it does not hold can not be named. */
function run({ node, packages }: SimulatedNode, { entries }: ChainContent): readonly NodePlugin[] {
  const named = entries.flatMap(({ plugin, version, mode, gray, unavailable }) => {
    if (mode === "off" || unavailable !== undefined) return [];
    const other = (gray as { readonly version: string } | undefined)?.version;
    return [version, other]
      .filter((each) => typeof each === "string")
      .map((each) => `${String(plugin)}@${each}`);
  });
  const missing = named.filter((name) => !packages.some((each) => nameOf(each) === name && isLoadable(each)));
  if (missing.length > 0) throw new Error(`${node.id} does not hold ${missing.join()}`);
  return packages.filter(isLoadable).map(({ plugin, version, digest }) => {
    const status = named.includes(`${plugin}@${version}`) ? "RUNNING" : "INSTALLED";
    return { plugin, version, digest, status, error: "", generation: 1 };
  });
}

function nameOf({ plugin, version }: NodePackage): string {
  return `${plugin}@${version}`;
}

function isLoadable({ state }: NodePackage): boolean {
  return state === "LOADABLE";
}

function reportOf({ node, online, packages, plugins, chain }: SimulatedNode): KnownNode["report"] {
  const standing = { wanted: undefined, sent: undefined, acked: undefined, nacked: undefined, refused: [] };
  return {
    node: node.id,
    connected: online,
    lastSeen: 0,
    incarnation: "1",
    resources: { stage: standing, route: standing, chain: { ...standing, acked: chain } },
    packages,
    again: [],
    failures: [],
    plugins,
  };
}
