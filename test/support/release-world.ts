import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { putCluster } from "../../control-plane/catalogue/clusters.ts";
import type { Actor } from "../../control-plane/model/actor.ts";
import type { Cluster } from "../../control-plane/model/catalogue.ts";
import type { Release, ReleaseState, ReleaseTarget } from "../../control-plane/model/release.ts";
import { concernsNodes } from "../../control-plane/releases/in-force.ts";
import { impliedSteps } from "../../control-plane/releases/implied-steps.ts";
import { ReleaseFollower } from "../../control-plane/releases/release-follower.ts";
import { ReleaseProjection } from "../../control-plane/releases/release-projection.ts";
import { Releases } from "../../control-plane/releases/releases.ts";
import type { ReleaseWish } from "../../control-plane/releases/create-release.ts";
import { KnownChains } from "../../control-plane/snapshot/known-chains.ts";
import { ReleaseSnapshots } from "../../control-plane/snapshot/release-snapshots.ts";
import { openStore } from "../../control-plane/store/open-store.ts";
import type { Store, Unrevised } from "../../control-plane/store/store.ts";
import { chainOf, clusterIn, domainNamed, nodeIn, person, pluginIn, versionOf } from "./catalogue-records.ts";
import { SimulatedFleet } from "./simulated-fleet.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

export const DANA = person("dana");
export const ANDY = person("andy");
export const OLGA = person("olga");

export interface WorldOptions {
  readonly cluster?: Partial<Cluster>;
  /** Default: node-1 to node-3. */
  readonly nodes?: readonly string[];
  /** Plugins of the chain, each with versions 1.0.0, 1.1.0 and 2.0.0. Default: guard. */
  readonly plugins?: readonly string[];
  readonly versionApproval?: boolean;
}

const ROOT: Actor = { ...person("root"), grants: [{ role: "admin", scope: { kind: "all" } }] } as Actor;

/** Everything that has to do with releases in one process, over a store on disk; nodes are simulated. */
export class ReleaseWorld implements AsyncDisposable {
  readonly fleet: SimulatedFleet;
  readonly clock: ManualClock;
  readonly folder: TemporaryFolder;
  readonly #resources: AsyncDisposableStack;
  readonly store: Store;
  readonly projection: ReleaseProjection;
  readonly follower: ReleaseFollower;
  readonly releases: Releases;
  readonly snapshots: ReleaseSnapshots;

  private constructor(
    folder: TemporaryFolder,
    fleet: SimulatedFleet,
    clock: ManualClock,
    parts: {
      store: Store;
      projection: ReleaseProjection;
      follower: ReleaseFollower;
      resources: AsyncDisposableStack;
    },
  ) {
    this.folder = folder;
    this.fleet = fleet;
    this.clock = clock;
    this.store = parts.store;
    this.projection = parts.projection;
    this.follower = parts.follower;
    this.#resources = parts.resources;
    this.releases = new Releases({
      store: parts.store,
      clock,
      reports: fleet,
      saveReports: async () => undefined,
    });
    this.snapshots = new ReleaseSnapshots(parts.projection, new KnownChains());
  }

  /** A cluster `demo` with a chain, versions that are approved, and nodes that are online. */
  static async create(options: WorldOptions = {}): Promise<ReleaseWorld> {
    const folder = await TemporaryFolder.create();
    const world = await ReleaseWorld.#open(folder, new SimulatedFleet(), new ManualClock());
    const { nodes = ["node-1", "node-2", "node-3"] } = options;
    await world.store.change(DANA, "test.seed", (change) => seed(change, options, nodes));
    for (const id of nodes) world.fleet.join({ ...nodeIn("demo", id), revision: 1 });
    await world.quiet();
    return world;
  }

  static async #open(
    folder: TemporaryFolder,
    fleet: SimulatedFleet,
    clock: ManualClock,
  ): Promise<ReleaseWorld> {
    const resources = new AsyncDisposableStack();
    const log = createLogger("silent");
    const store = resources.use(await openStore(folder.join("store"), clock));
    const projection = resources.use(new ReleaseProjection({ store, clock, log }));
    await projection.start();
    const follower = resources.use(new ReleaseFollower({ store, projection, reports: fleet, clock, log }));
    follower.start();
    return new ReleaseWorld(folder, fleet, clock, { store, projection, follower, resources });
  }

  /** The control plane ends and starts again on what it stored; the nodes go on. */
  async restart(): Promise<ReleaseWorld> {
    await this.#resources.disposeAsync();
    return ReleaseWorld.#open(this.folder, this.fleet, this.clock);
  }

  create(version: string, facts: Partial<ReleaseWish> = {}, by: Actor = DANA): Promise<Release> {
    const target: ReleaseTarget = { kind: "full" };
    const wish = { cluster: "demo", plugin: "guard", version, target, scheduledAt: undefined, note: "" };
    return this.releases.create(by, { ...wish, ...facts }).then(({ release }) => release);
  }

  /** The cluster's rules change. */
  async asks(rules: Partial<Pick<Cluster, "requiredApprovals" | "rollbackApproval">>): Promise<void> {
    const { revision: _, ...cluster } = await this.store.read(
      async (view) => (await view.clusters.get("demo"))!,
    );
    await putCluster(this.store, ROOT, { ...cluster, ...rules }, undefined);
  }

  /** Created, approved, downloaded and activated, as far as the nodes go along. */
  async run(version: string, facts: Partial<ReleaseWish> = {}): Promise<Release> {
    const { id } = await this.create(version, facts);
    if ((await this.state(id)) === "PENDING_APPROVAL") await this.releases.approve(ANDY, { release: id }, "");
    await this.releases.download(OLGA, { release: id });
    await this.quiet();
    await this.releases.activate(OLGA, { release: id });
    await this.quiet();
    return this.get(id);
  }

  async get(id: number): Promise<Release> {
    const release = await this.store.read((view) => view.releases.get(id));
    if (release === undefined) throw new Error(`no release ${id}`);
    return release;
  }

  async state(id: number): Promise<ReleaseState> {
    return (await this.get(id)).state;
  }

  /** Waits until every node has what it should have, and nothing follows from that any more. */
  async quiet(): Promise<void> {
    for (let still = false; !still;) {
      // Reports are looked at a moment after they came.
      this.clock.advance(50);
      const stored = await this.store.read((view) => view.releases.list({}, { limit: 1_000 }));
      const projected = stored.items.every((release) => this.#isProjected(release));
      const taken = this.fleet.take(this.snapshots);
      const steps = impliedSteps(this.projection.clusters, this.fleet, this.clock.wall());
      still = projected && !taken && steps.length === 0;
    }
  }

  #isProjected({ id, cluster, state, revision }: Release): boolean {
    const projected = this.projection.cluster(cluster)?.releases.find((each) => each.id === id);
    const concerns = state === "SCHEDULED" || concernsNodes(state);
    return concerns ? projected?.revision === revision : projected === undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
    await this.folder[Symbol.asyncDispose]();
  }
}

async function seed(
  change: Parameters<Parameters<Store["change"]>[2]>[0],
  { cluster, plugins = ["guard"], versionApproval = false }: WorldOptions,
  nodes: readonly string[],
): Promise<void> {
  await change.domains.insert({ ...domainNamed("shop"), versionApproval });
  const made: Unrevised<Cluster> = { ...clusterIn("shop", "demo"), ...cluster };
  await change.clusters.insert(made);
  for (const plugin of plugins) {
    await change.plugins.insert(pluginIn("shop", plugin));
    for (const version of ["1.0.0", "1.1.0", "2.0.0"])
      await change.versions.insert({ ...versionOf(plugin, version), approval: "APPROVED" });
  }
  await change.chains.insert(chainOf("demo", plugins));
  for (const id of nodes) await change.nodes.insert(nodeIn("demo", id));
}
