import { contentHash } from "../../core/content-hash.ts";
import type { UploadedPackage } from "../model/catalogue.ts";
import type { ClusterChain } from "../model/chain.ts";
import type { Node, NodeReport, ResourceStanding } from "../model/node.ts";
import type { ClusterState } from "../releases/cluster-state.ts";
import type { ReleaseProjection } from "../releases/release-projection.ts";
import {
  chainChoices,
  choicesWithoutOpen,
  settledChoices,
  type NodeSide,
  type RefusedHashes,
} from "./chain-choices.ts";
import { chainInPlace } from "./chain-in-place.ts";
import { chainResource, NO_CHAIN, NO_PACKAGES, stageResource } from "./contents.ts";
import type { EntryChoice } from "./entry-choice.ts";
import type { KnownChains } from "./known-chains.ts";
import { holdingsOf, type NodeHoldings } from "./node-holdings.ts";
import type {
  ChainInPlace,
  NodeSnapshot,
  RouteContent,
  SnapshotResource,
  SnapshotSource,
} from "./node-snapshot.ts";
import { pluginTarget, type PluginTarget } from "./plugin-target.ts";

/** Of one cluster at one moment: what its nodes hold may be put together in more ways than any fleet has. */
const MOST_MADE = 1_000;

type Projection = Pick<ReleaseProjection, "tick" | "cluster" | "packageOf" | "onChange">;

const NO_ROUTES: RouteContent = { services: {} };
const ROUTE: SnapshotResource = { hash: contentHash(NO_ROUTES), content: NO_ROUTES, tombstone: false };

/** Snapshots from the chains and releases in memory. What many nodes have in common is made once a change. */
export class ReleaseSnapshots implements SnapshotSource {
  readonly #projection: Projection;
  /** By state of a cluster: resources by what went into them. */
  readonly #made = new WeakMap<ClusterState, Map<string, SnapshotResource>>();
  readonly #known: KnownChains;

  /** `known`: what nodes may have in force; every chain that is made becomes known. */
  constructor(projection: Projection, known: KnownChains) {
    this.#projection = projection;
    this.#known = known;
  }

  get tick(): number {
    return this.#projection.tick;
  }

  onChange(listener: (tick: number) => void): Disposable {
    return this.#projection.onChange(listener);
  }

  snapshotFor(node: Node, report: NodeReport): NodeSnapshot {
    const state = this.#projection.cluster(node.cluster);
    const { resources } = report;
    // Nothing is stored: a node that has something keeps it, since a store may have been lost.
    if (state === undefined)
      return this.#snapshot(unlessMore(NO_PACKAGES, resources.stage), unlessMore(NO_CHAIN, resources.chain));
    const standing = resources.chain;
    const named = mayBeInForce(standing).flatMap((hash) => this.#known.versionsIn(state.name, hash));
    const holdings = holdingsOf(report, named, (digest) => this.#projection.packageOf(digest));
    const targets = new Map<string, PluginTarget>();
    for (const [plugin, inForce] of state.inForce) targets.set(plugin, pluginTarget(inForce, node));
    const stage = this.#stage(state, targets, holdings);
    if (state.chain === undefined) return this.#snapshot(stage, unlessMore(NO_CHAIN, standing));
    const side: NodeSide = {
      cluster: state.name,
      chain: state.chain,
      targets,
      holdings,
      inForce: standing.acked?.hash,
      policyOf: (digest) => this.#projection.packageOf(digest)?.failurePolicy,
    };
    const chain = this.#chain(state, side);
    const made = (without: RefusedHashes) => this.#chain(state, side, without);
    return this.#snapshot(stage, chain, chain && chainInPlace(chain, standing, made));
  }

  #snapshot(
    stage: SnapshotResource | undefined,
    chain: SnapshotResource | undefined,
    inPlace?: ChainInPlace,
  ): NodeSnapshot {
    return { tick: this.tick, resources: { stage, route: ROUTE, chain }, inPlace };
  }

  #stage(
    state: ClusterState,
    targets: ReadonlyMap<string, PluginTarget>,
    holdings: NodeHoldings,
  ): SnapshotResource {
    const wanted = new Map<string, UploadedPackage>();
    const releases = [...targets.values()].flatMap(({ hold }) => hold);
    for (const { digest } of [...releases, ...holdings.inUse]) {
      const uploaded = this.#projection.packageOf(digest);
      if (uploaded !== undefined) wanted.set(digest, uploaded);
    }
    const packages = [...wanted.values()].toSorted((left, right) => (left.digest < right.digest ? -1 : 1));
    const key = `stage ${packages.map(({ digest }) => digest).join()}`;
    return this.#once(state, key, () => stageResource(packages, state.entries));
  }

  /** Undefined: it is not known what an entry is until the node has answered. `without`: entries that it refused. */
  #chain(state: ClusterState, side: NodeSide, without?: RefusedHashes): SnapshotResource | undefined {
    const choices = chainChoices(side, without);
    // A node that has one of these in force is known again after a restart.
    if (without === undefined)
      for (const made of choicesWithoutOpen(choices, side)) this.#chainOf(state, side.chain, made);
    const settled = settledChoices(choices, side, this.#known);
    return settled && this.#chainOf(state, side.chain, settled);
  }

  #chainOf(state: ClusterState, chain: ClusterChain, choices: readonly EntryChoice[]): SnapshotResource {
    const resource = this.#once(state, `chain ${choices.map(keyOf).join()}`, () =>
      chainResource(chain, choices),
    );
    const { hash, content } = resource;
    this.#known.remember({ cluster: state.name, hash, content });
    return resource;
  }

  #once(state: ClusterState, key: string, make: () => SnapshotResource): SnapshotResource {
    const made = this.#made.get(state) ?? new Map<string, SnapshotResource>();
    this.#made.set(state, made);
    const known = made.get(key);
    if (known !== undefined) return known;
    const resource = make();
    made.set(key, resource);
    const [oldest] = made.keys();
    if (made.size > MOST_MADE && oldest !== undefined) made.delete(oldest);
    return resource;
  }
}

/** Hashes of the chains that the node has, or will have as far as is known: what it refused is none of them. */
function mayBeInForce({ acked, sent, refused }: ResourceStanding): readonly string[] {
  const hashes = [acked, sent].flatMap((mark) => (mark === undefined ? [] : [mark.hash]));
  return hashes.filter((hash) => hash === acked?.hash || !refused.some((refusal) => refusal.hash === hash));
}

/** `nothing` for a node that has nothing else of this type. */
function unlessMore(nothing: SnapshotResource, { acked }: ResourceStanding): SnapshotResource | undefined {
  return acked === undefined || acked.hash === nothing.hash ? nothing : undefined;
}

function keyOf(choice: EntryChoice): string {
  if (choice.kind === "run") return `${choice.version}/${choice.gray?.version ?? ""}`;
  if (choice.kind === "kept") return `kept ${contentHash(choice.entry)}`;
  return choice.kind === "unavailable" ? `unavailable ${choice.failurePolicy}` : choice.kind;
}
