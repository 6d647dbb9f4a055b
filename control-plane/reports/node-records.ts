import { setImmediate } from "node:timers/promises";

import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { suggestion } from "../../core/nearest.ts";
import type { Node } from "../model/node.ts";
import { OperationError } from "../model/operation-error.ts";
import { allItems } from "../store/all-items.ts";
import type { Change, Store, Unrevised } from "../store/store.ts";
import type { LiveReports } from "./live-reports.ts";

/** Nodes written in one change: a fleet that connects for the first time costs few of them. */
const BATCH = 100;
/** Times in `WINDOW` ms that a node's record is written anew: each is a tick, and all nodes' snapshots are made again. */
const MOST_REWRITES = 20;
const WINDOW = 60_000;

type Identity = Unrevised<Node>;

interface Waiting {
  readonly identity: Identity;
  readonly settle: PromiseWithResolvers<Node>;
}

/** The records of nodes: written when a node is new or introduces itself in another way, and only then. */
export class NodeRecords {
  readonly #store: Store;
  readonly #reports: LiveReports;
  readonly #clock: Pick<Clock, "now">;
  readonly #rewrites = new Map<string, { readonly since: number; readonly count: number }>();
  readonly #waiting: Waiting[] = [];
  #writing = false;

  constructor(store: Store, reports: LiveReports, clock: Pick<Clock, "now">) {
    this.#clock = clock;
    this.#store = store;
    this.#reports = reports;
  }

  /**
   * The node's record, written where it was not so before. An `OperationError`: `not_found` where its cluster is
   * not there, `unavailable` where the store is not, or the node was another one too often.
   */
  async register(identity: Identity): Promise<Node> {
    const known = this.#reports.get(identity.id)?.node;
    if (known !== undefined && isSame(known, identity)) return known;
    if (known !== undefined) this.#countRewrite(identity.id);
    const settle = Promise.withResolvers<Node>();
    this.#waiting.push({ identity, settle });
    if (!this.#writing) void this.#write();
    return settle.promise;
  }

  #countRewrite(id: string): void {
    const now = this.#clock.now();
    const last = this.#rewrites.get(id);
    const window = last === undefined || now - last.since >= WINDOW ? { since: now, count: 0 } : last;
    if (window.count >= MOST_REWRITES)
      throw new OperationError("unavailable", `node ${id} introduces itself in another way too often`);
    this.#rewrites.set(id, { ...window, count: window.count + 1 });
  }

  /** The domain of a cluster; undefined where there is no such cluster. */
  async domainOf(cluster: string): Promise<string | undefined> {
    return this.#store.read(async (view) => (await view.clusters.get(cluster))?.domain);
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      await this.#gather();
      const batch = this.#waiting.splice(0, BATCH);
      try {
        await this.#writeBatch(batch);
      } catch (thrown) {
        for (const { settle } of batch) settle.reject(asOperationError(thrown));
      }
    }
    this.#writing = false;
  }

  /** Waits while turn after turn brings more: a transaction for each would cost ten times as much. */
  async #gather(): Promise<void> {
    let before: number;
    do {
      before = this.#waiting.length;
      await setImmediate();
    } while (this.#waiting.length > before && this.#waiting.length < BATCH);
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const clusters = await this.#clusters();
    const homeless = batch.filter(({ identity }) => !clusters.has(identity.cluster));
    for (const { identity, settle } of homeless) settle.reject(noCluster(identity.cluster, clusters));
    const housed = batch.filter(({ identity }) => clusters.has(identity.cluster));
    if (housed.length === 0) return;
    const by = { kind: "system", name: "reports" } as const;
    const { result } = await this.#store.change(by, "node.register", (change) =>
      writeAll(change, new Map(housed.map(({ identity }) => [identity.id, identity]))),
    );
    for (const node of result.values()) this.#reports.remember(node);
    for (const { identity, settle } of housed) {
      const node = result.get(identity.id);
      if (node !== undefined && isSame(node, identity)) settle.resolve(node);
      else
        settle.reject(new OperationError("conflict", `node ${identity.id} introduced itself twice at once`));
    }
  }

  async #clusters(): Promise<ReadonlySet<string>> {
    const clusters = await this.#store.read((view) => allItems((page) => view.clusters.list({}, page)));
    return new Set(clusters.map(({ name }) => name));
  }
}

async function writeAll(
  change: Change,
  identities: ReadonlyMap<string, Identity>,
): Promise<ReadonlyMap<string, Node>> {
  const written = new Map<string, Node>();
  for (const identity of identities.values()) {
    const known = await change.nodes.get(identity.id);
    if (known !== undefined && isSame(known, identity)) written.set(identity.id, known);
    else if (known === undefined) written.set(identity.id, await change.nodes.insert(identity));
    else written.set(identity.id, await change.nodes.update(identity));
  }
  return written;
}

function isSame(known: Node, identity: Identity): boolean {
  const { revision: _, ...before } = known;
  return textOf(before) === textOf(identity);
}

function textOf({ labels, ...rest }: Identity): string {
  const sorted = Object.entries(labels).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([
    rest.id,
    rest.cluster,
    rest.service,
    rest.symbol,
    rest.version,
    rest.platform,
    sorted,
  ]);
}

function noCluster(cluster: string, clusters: ReadonlySet<string>): OperationError {
  return new OperationError("not_found", `there is no cluster "${cluster}"${suggestion(cluster, clusters)}`);
}

function asOperationError(thrown: unknown): OperationError {
  if (thrown instanceof OperationError) return thrown;
  return new OperationError("unavailable", messageOf(thrown), { cause: thrown });
}
