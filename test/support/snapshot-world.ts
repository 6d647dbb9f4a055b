import type { UploadedPackage } from "../../control-plane/model/catalogue.ts";
import type { ClusterChainEntry } from "../../control-plane/model/chain.ts";
import type {
  MarkedEntry,
  Node,
  NodePackage,
  NodePlugin,
  NodeReport,
} from "../../control-plane/model/node.ts";
import type { Release, ReleaseState, ReleaseTarget } from "../../control-plane/model/release.ts";
import { clusterState, type ClusterState } from "../../control-plane/releases/cluster-state.ts";
import { refuse, want, withhold } from "../../control-plane/reports/standing.ts";
import type {
  ChainContent,
  NodeSnapshot,
  SnapshotResource,
  StageContent,
} from "../../control-plane/snapshot/node-snapshot.ts";
import { KnownChains } from "../../control-plane/snapshot/known-chains.ts";
import { refusedEntries } from "../../control-plane/snapshot/refused-entries.ts";
import { ReleaseSnapshots } from "../../control-plane/snapshot/release-snapshots.ts";

// What is stored and what nodes report, as tests of snapshots want them: in a few words.

export function nodeNamed(id: string, labels: Record<string, string> = {}): Node {
  const rest = { service: "shop", symbol: "stable", version: "0.1.0", platform: "linux/amd64" };
  return { id, cluster: "demo", labels, revision: 1, ...rest };
}

export function entryFor(plugin: string, facts: Partial<ClusterChainEntry> = {}): ClusterChainEntry {
  return {
    plugin,
    mode: "enforce",
    tag: "",
    config: undefined,
    match: undefined,
    failurePolicy: undefined,
    timeout: undefined,
    cpu: undefined,
    memory: undefined,
    ...facts,
  };
}

export function digestOf(plugin: string, version: string): string {
  return `${plugin}-${version}`;
}

/** `guard@1.0.0` in a state. */
export function releaseIn(
  state: ReleaseState,
  named: string,
  target: ReleaseTarget = { kind: "full" },
  id: number = 1,
): Release {
  const [plugin = "", version = ""] = named.split("@");
  return {
    id,
    cluster: "demo",
    plugin,
    version,
    digest: digestOf(plugin, version),
    state,
    target,
    author: "dana",
    editors: [],
    note: "",
    approvals: [],
    scheduledAt: undefined,
    automatic: false,
    base: undefined,
    activeSince: undefined,
    requiredApprovals: 1,
    rollbackOf: undefined,
    supersededBy: undefined,
    reason: "",
    createdAt: 0,
    updatedAt: 0,
    revision: 1,
  };
}

export function stateOf(
  entries: readonly ClusterChainEntry[] | undefined,
  releases: readonly Release[],
  cluster: string = "demo",
): ClusterState {
  const deadlines = { request: 200, response: 200 };
  const chain = entries === undefined ? undefined : { cluster, entries, deadlines, revision: 1 };
  return clusterState(cluster, chain, releases);
}

/** Every package was uploaded, has 100 bytes and the policy `closed`, but that of `tagger` `open`. */
function uploaded(digest: string): UploadedPackage {
  const end = digest.lastIndexOf("-");
  const plugin = digest.slice(0, end);
  const failurePolicy = plugin === "tagger" ? "open" : "closed";
  return { plugin, version: digest.slice(end + 1), digest, size: 100, failurePolicy };
}

/** Snapshots of a cluster that stays as it is. */
export function snapshotsOf(state: ClusterState): ReleaseSnapshots {
  return snapshotsIn(state).snapshots;
}

/** The same of a cluster that may become another. `known`: what was stored of chains. */
export function snapshotsIn(
  first: ClusterState,
  known: KnownChains = new KnownChains(),
): {
  readonly snapshots: ReleaseSnapshots;
  readonly become: (state: ClusterState) => void;
} {
  let state = first;
  const projection = {
    tick: 1,
    cluster: (name: string) => (name === state.name ? state : undefined),
    packageOf: uploaded,
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
  };
  const snapshots = new ReleaseSnapshots(projection, known);
  return { snapshots, become: (next) => void (state = next) };
}

export interface Said {
  /** `guard@1.0.0` by state. */
  readonly packages?: Readonly<Record<string, NodePackage["state"]>>;
  readonly plugins?: Readonly<Record<string, NodePlugin["status"]>>;
  /** It has a chain in force. */
  readonly chain?: boolean;
  /** What is known of that chain: `guard@1.0.0` or, with the gray release's number, `guard@1.0.0+10%2.0.0#2`. */
  readonly inForce?: string;
}

export function reportOf({ packages = {}, plugins = {}, chain = false, inForce }: Said): NodeReport {
  const entries = inForce === undefined ? undefined : [markedEntry(inForce)];
  const mark = chain || inForce !== undefined ? { hash: "before", tick: 1, at: 0, entries } : undefined;
  const standing = { wanted: undefined, sent: undefined, nacked: undefined, refused: [] };
  return {
    node: "node-1",
    connected: true,
    lastSeen: 0,
    incarnation: "1",
    resources: {
      stage: { ...standing, acked: undefined },
      route: { ...standing, acked: undefined },
      chain: { ...standing, acked: mark },
    },
    again: [],
    failures: [],
    packages: Object.entries(packages).map(([named, state]) => ({
      ...versionNamed(named),
      state,
      detail: "",
    })),
    plugins: Object.entries(plugins).map(([named, status]) => {
      return { ...versionNamed(named), status, error: "", generation: 1 };
    }),
  };
}

export function markedEntry(text: string): MarkedEntry {
  const [named = "", share] = text.split("+");
  const { plugin, version } = versionNamed(named);
  const [, percentage, other = "", id] = /^(.+)%(.+)#(.+)$/.exec(share ?? "") ?? [];
  const gray = { version: other, percentage: Number(percentage), salt: `release/${id}` };
  return { plugin, version, gray: share === undefined ? undefined : gray };
}

/** The report of a node that has this chain in force; undefined: one that nobody knows. */
export function having(said: Said, chain: NodeSnapshot | undefined): NodeReport {
  const report = reportOf({ ...said, chain: true });
  const hash = chain?.resources.chain?.hash ?? "";
  const { resources } = report;
  return {
    ...report,
    resources: { ...resources, chain: { ...resources.chain, acked: { hash, tick: 1, at: 0 } } },
  };
}

/** The report after the node refused this chain for what is wrong with these plugins' entries; none: as a whole. */
export function refusing(
  report: NodeReport,
  chain: SnapshotResource | undefined,
  ...plugins: readonly string[]
): NodeReport {
  if (chain === undefined) throw new Error("there is no chain to refuse");
  const about = plugins.length === 0 ? [""] : plugins;
  const problems = about.map((plugin) => ({ key: "", plugin, text: `${plugin}: init failed` }));
  const entries = refusedEntries(chain, problems);
  const texts = problems.map(({ text }) => text);
  const refusal = { hash: chain.hash, at: 0, problems: texts, entries };
  const { resources } = report;
  const standing = refuse(resources.chain, refusal);
  return { ...report, resources: { ...resources, chain: standing } };
}

/** The same report once the node is known to be to have what this snapshot has. */
export function wanting(report: NodeReport, { resources, inPlace }: NodeSnapshot): NodeReport {
  const mark = resources.chain && { hash: resources.chain.hash, tick: 1, at: 0 };
  const known =
    inPlace === undefined ? report.resources.chain : withhold(report.resources.chain, inPlace.refusal);
  const chain = want(known, mark, undefined);
  return { ...report, resources: { ...report.resources, chain } };
}

function versionNamed(named: string): { plugin: string; version: string; digest: string } {
  const [plugin = "", version = ""] = named.split("@");
  return { plugin, version, digest: digestOf(plugin, version) };
}

/** `guard@1.0.0`, in the order of the content. */
export function stagedIn({ resources }: NodeSnapshot): readonly string[] | undefined {
  const content = resources.stage?.content as StageContent | undefined;
  return content?.packages.map(({ plugin, version }) => `${plugin}@${version}`);
}

/** `guard@1.0.0`, `guard@1.0.0+10%2.0.0`, `guard off 1.0.0` or `guard unavailable`, in the order of the chain. */
export function chainIn({ resources }: NodeSnapshot): readonly string[] | undefined {
  return namesIn(resources.chain);
}

/** The same of a chain. */
export function namesIn(chain: SnapshotResource | undefined): readonly string[] | undefined {
  const content = chain?.content as ChainContent | undefined;
  return content?.entries.map(({ plugin, version, mode, gray, unavailable }) => {
    const share = gray as { readonly percentage: number; readonly version: string } | undefined;
    if (unavailable !== undefined) return `${String(plugin)} unavailable`;
    const off = mode === "off" ? " off " : "@";
    const tail = share === undefined ? "" : `+${share.percentage}%${share.version}`;
    return `${String(plugin)}${off}${String(version)}${tail}`;
  });
}
