import { Backoff } from "../../core/backoff.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { UploadedPackage } from "../model/catalogue.ts";
import type { ClusterChain } from "../model/chain.ts";
import type { Release } from "../model/release.ts";
import type { Accepted, Store } from "../store/store.ts";
import { clusterState, type ClusterState } from "./cluster-state.ts";
import { concernsNodes } from "./in-force.ts";
import { readAll, readChanged, type ReadRecords } from "./projection-records.ts";

export interface ProjectionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Chains and releases of all clusters in memory, as of one tick: read whole at the start, then kept up by what the
 * store accepts. Never a mixture of two ticks.
 */
export class ReleaseProjection implements Disposable {
  readonly #options: ProjectionOptions;
  readonly #backoff = new Backoff({ first: 50, ceiling: 5_000 });
  readonly #listeners = new Set<(tick: number) => void>();
  readonly #chains = new Map<string, ClusterChain>();
  /** By cluster. */
  readonly #releases = new Map<string, Map<number, Release>>();
  /** By digest. */
  readonly #packages = new Map<string, UploadedPackage>();
  readonly #clusters = new Map<string, ClusterState>();
  #subscription: Disposable | undefined;
  #retry: Timer | undefined;
  #staleChains = new Set<string>();
  #staleReleases = new Set<number>();
  /** The newest tick that the store has told of. */
  #heard = 0;
  #tick = 0;
  /** Nothing is read while something is. */
  #busy = true;

  constructor(options: ProjectionOptions) {
    this.#options = options;
  }

  get tick(): number {
    return this.#tick;
  }

  get clusters(): Iterable<ClusterState> {
    return this.#clusters.values();
  }

  /** Undefined: nothing that concerns its nodes was ever stored. */
  cluster(name: string): ClusterState | undefined {
    return this.#clusters.get(name);
  }

  /** What was uploaded under a digest; undefined: no version has it. */
  packageOf(digest: string): UploadedPackage | undefined {
    return this.#packages.get(digest);
  }

  /** Hears of the tick after each change of a chain or of a release. */
  onChange(listener: (tick: number) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Reads everything. Rejects where the store cannot be read. */
  async start(): Promise<void> {
    const { store } = this.#options;
    this.#subscription = store.onAccepted((accepted) => this.#accepted(accepted));
    const records = await store.read(readAll);
    this.#heard = Math.max(this.#heard, records.tick);
    this.#apply(records);
    this.#busy = false;
    await this.#catchUp();
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
    this.#busy = true;
    this.#retry?.[Symbol.dispose]();
    this.#listeners.clear();
  }

  #accepted({ tick, records }: Accepted): void {
    this.#heard = Math.max(this.#heard, tick);
    for (const { kind, key } of records) {
      if (kind === "chains") this.#staleChains.add(key);
      if (kind === "releases") this.#staleReleases.add(Number(key));
    }
    void this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      let readable = true;
      while (this.#isStale && readable) readable = await this.#readStale();
      this.#backoff.reset();
    } catch (thrown) {
      if (this.#subscription === undefined) return;
      this.#options.log.error({ reason: messageOf(thrown) }, "releases cannot be read; trying again");
      this.#retry = this.#options.clock.after(this.#backoff.next(), () => void this.#catchUp());
    } finally {
      this.#busy = this.#subscription === undefined;
    }
  }

  get #isStale(): boolean {
    return this.#staleChains.size + this.#staleReleases.size > 0;
  }

  /** False: the store will tell of a change that it has accepted already, and only then can be read what that left. */
  async #readStale(): Promise<boolean> {
    const chains = new Set(this.#staleChains);
    const releases = new Set(this.#staleReleases);
    const heard = this.#heard;
    const records = await this.#options.store.read(async (view) => {
      // A later tick than heard of has changed more than these: reading only these would mix two ticks.
      return view.tick > heard ? undefined : readChanged(view, { chains, releases }, this.#packages);
    });
    if (records === undefined) return this.#heard > heard;
    // What was told of meanwhile is of a later tick, and is read with that.
    if (this.#heard === heard) {
      this.#staleChains = new Set();
      this.#staleReleases = new Set();
    }
    this.#apply(records);
    return true;
  }

  #apply({ tick, chains, releases, packages }: ReadRecords): void {
    const changed = new Set<string>();
    for (const [digest, item] of packages) this.#packages.set(digest, item);
    for (const [cluster, chain] of chains) {
      changed.add(cluster);
      if (chain === undefined) this.#chains.delete(cluster);
      else this.#chains.set(cluster, chain);
    }
    for (const release of releases.values()) {
      if (release === undefined) continue;
      changed.add(release.cluster);
      this.#put(release);
    }
    for (const name of changed) {
      const ofCluster = this.#releases.get(name) ?? new Map<number, Release>();
      this.#clusters.set(name, clusterState(name, this.#chains.get(name), [...ofCluster.values()]));
    }
    this.#tick = tick;
    if (changed.size > 0) for (const listener of this.#listeners) listener(tick);
  }

  #put(release: Release): void {
    const { cluster, id, state } = release;
    const ofCluster = this.#releases.get(cluster) ?? new Map<number, Release>();
    this.#releases.set(cluster, ofCluster);
    if (state === "SCHEDULED" || concernsNodes(state)) ofCluster.set(id, release);
    else ofCluster.delete(id);
  }
}
