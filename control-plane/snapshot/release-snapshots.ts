import { contentHash } from "../../core/content-hash.ts";
import type { UploadedPackage } from "../model/catalogue.ts";
import type { ClusterChain } from "../model/chain.ts";
import type { Node, NodeReport, ResourceStanding } from "../model/node.ts";
import type { ClusterState } from "../releases/cluster-state.ts";
import type { ReleaseProjection } from "../releases/release-projection.ts";
import { chainResource, NO_CHAIN, NO_PACKAGES, stageResource } from "./contents.ts";
import { entryChoice, type EntryChoice, type OpenChoice } from "./entry-choice.ts";
import type { KnownChains } from "./known-chains.ts";
import { holdingsOf, type NodeHoldings } from "./node-holdings.ts";
import type { NodeSnapshot, RouteContent, SnapshotResource, SnapshotSource } from "./node-snapshot.ts";
import { pluginTarget, type PluginTarget } from "./plugin-target.ts";

/** Of one cluster at one moment: what its nodes hold may be put together in more ways than any fleet has. */
const MOST_MADE = 1_000;

type Projection = Pick<ReleaseProjection, "tick" | "cluster" | "packageOf" | "onChange">;

const NO_ROUTES: RouteContent = { services: {} };
const ROUTE: SnapshotResource = { hash: contentHash(NO_ROUTES), content: NO_ROUTES, tombstone: false };

/** What is one node's of a chain. */
interface NodeSide {
  readonly targets: ReadonlyMap<string, PluginTarget>;
  readonly holdings: NodeHoldings;
  /** Hash of the chain that it has in force. */
  readonly inForce: string | undefined;
}

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
    const { tick } = this;
    const state = this.#projection.cluster(node.cluster);
    const { resources } = report;
    // Nothing is stored: a node that has something keeps it, since a store may have been lost.
    if (state === undefined) {
      const stage = unlessMore(NO_PACKAGES, resources.stage);
      return { tick, resources: { stage, route: ROUTE, chain: unlessMore(NO_CHAIN, resources.chain) } };
    }
    const { acked, sent } = resources.chain;
    const named = [acked, sent].flatMap((mark) => this.#known.versionsIn(state.name, mark?.hash));
    const holdings = holdingsOf(report, named, (digest) => this.#projection.packageOf(digest));
    const targets = new Map<string, PluginTarget>();
    for (const [plugin, inForce] of state.inForce) targets.set(plugin, pluginTarget(inForce, node));
    const stage = this.#stage(state, targets, holdings);
    const chain =
      state.chain === undefined
        ? unlessMore(NO_CHAIN, resources.chain)
        : this.#chain(state, state.chain, {
            targets,
            holdings,
            inForce: acked?.hash,
          });
    return { tick, resources: { stage, route: ROUTE, chain } };
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

  /** Undefined: it is not known what an entry is until the node has answered. */
  #chain(
    state: ClusterState,
    chain: ClusterChain,
    { targets, holdings, inForce }: NodeSide,
  ): SnapshotResource | undefined {
    const choices = chain.entries.map(({ plugin, mode }): EntryChoice | OpenChoice => {
      const target = targets.get(plugin);
      if (target === undefined) return { kind: "none" };
      return mode === "off" ? offChoice(target) : entryChoice(plugin, target, holdings);
    });
    if (choices.every(isSettled)) return this.#chainOf(state, chain, choices);
    if (choices.some(({ kind }) => kind === "pending")) return undefined;
    // A node that has one of these in force is known again after a restart.
    for (const kind of ["none", "unavailable"] as const)
      this.#chainOf(
        state,
        chain,
        choices.map((choice) => (isSettled(choice) ? choice : { kind })),
      );
    const settled = choices.map((choice, index) =>
      isSettled(choice)
        ? choice
        : this.#asInForce(chain.entries[index]?.plugin ?? "", choice, { cluster: state.name, hash: inForce }),
    );
    return settled.every(isSettled) ? this.#chainOf(state, chain, settled) : undefined;
  }

  /**
   * Until the node holds a version of it, and while it can load none as it is wanted, an entry stays what it is there: one
   * download that fails, or one config that a node cannot take, keeps neither the rest of the chain from it nor takes
   * away what runs, and what answers in place of a guard goes on answering.
   */
  #asInForce(
    plugin: string,
    choice: OpenChoice,
    { cluster, hash }: { readonly cluster: string; readonly hash: string | undefined },
  ): EntryChoice | OpenChoice {
    const place = this.#known.placeOf(plugin, cluster, hash);
    switch (place?.kind) {
      case "runs":
        return { kind: "kept", entry: place.entry };
      case "unavailable":
        return { kind: "unavailable" };
      case "left out":
        return { kind: choice.kind === "refused" ? "unavailable" : "none" };
      case undefined:
        return { kind: "pending" };
    }
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

function isSettled(choice: EntryChoice | OpenChoice): choice is EntryChoice {
  return choice.kind !== "missing" && choice.kind !== "refused" && choice.kind !== "pending";
}

/** `nothing` for a node that has nothing else of this type. */
function unlessMore(nothing: SnapshotResource, { acked }: ResourceStanding): SnapshotResource | undefined {
  return acked === undefined || acked.hash === nothing.hash ? nothing : undefined;
}

/** It is not loaded, so it does not matter whether the node holds it. */
function offChoice({ run, gray }: PluginTarget): EntryChoice {
  const first = run[0] ?? gray;
  return first === undefined ? { kind: "none" } : { kind: "run", version: first.version, gray: undefined };
}

function keyOf(choice: EntryChoice): string {
  if (choice.kind === "run") return `${choice.version}/${choice.gray?.version ?? ""}`;
  return choice.kind === "kept" ? `kept ${contentHash(choice.entry)}` : choice.kind;
}
