import { setImmediate } from "node:timers/promises";

import { ServerCredentials } from "@grpc/grpc-js";

import type { Clock } from "../../core/clock.ts";
import { createLogger, type Logger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { MetricsRegistry } from "../../core/metrics/registry.ts";
import type { Authenticator, TokenActor } from "../../control-plane/access/authenticator.ts";
import type { Actor } from "../../control-plane/model/actor.ts";
import { OperationError } from "../../control-plane/model/operation-error.ts";
import { PushMetrics, observeStreams } from "../../control-plane/push/push-metrics.ts";
import { PushServer } from "../../control-plane/push/push-server.ts";
import { RefusalLog } from "../../control-plane/access/refusal-log.ts";
import { PUSH_DEFAULTS, type PushSettings } from "../../control-plane/push/push-settings.ts";
import { LiveReports } from "../../control-plane/reports/live-reports.ts";
import { NodeRecords } from "../../control-plane/reports/node-records.ts";
import { observeReports } from "../../control-plane/reports/report-metrics.ts";
import { ReportFlush } from "../../control-plane/reports/report-flush.ts";
import type { SnapshotSource } from "../../control-plane/snapshot/node-snapshot.ts";
import { KnownChains } from "../../control-plane/snapshot/known-chains.ts";
import { openStore } from "../../control-plane/store/open-store.ts";
import type { Store } from "../../control-plane/store/store.ts";
import { parseExposition } from "./exposition.ts";
import { ScriptedSnapshots } from "./scripted-snapshots.ts";
import { TemporaryFolder } from "./temporary-folder.ts";
import { TestNode, type TestNodeOptions } from "./test-node.ts";

/** Time in which changes that come together become one, ms; see recomputation.ts. */
const DEBOUNCE = 20;

export interface PushMeshOptions {
  readonly settings?: Partial<PushSettings>;
  /** In place of tokens that a test makes up. */
  readonly authenticator?: (store: Store, clock: Clock) => Authenticator;
  /** Default: a free one. */
  readonly port?: number;
  /** Default: none. */
  readonly log?: Logger;
  /** In place of snapshots by hand; the store is empty but for the clusters `demo` and `other`. */
  readonly snapshots?: (store: Store, clock: Clock, chains: KnownChains) => Promise<SnapshotSource>;
}

/** The streams' side of a control plane over a real store and real sockets; its time is the test's. */
export class PushMesh implements AsyncDisposable {
  readonly clock = new ManualClock();
  registry = new MetricsRegistry();
  readonly settings: PushSettings;
  readonly source = new ScriptedSnapshots();
  readonly folder: TemporaryFolder;
  readonly tokens = new TestTokens();
  store!: Store;
  reports!: LiveReports;
  flush!: ReportFlush;
  server!: PushServer;
  readonly #options: PushMeshOptions;
  readonly #nodes: TestNode[] = [];

  private constructor(options: PushMeshOptions, folder: TemporaryFolder) {
    this.#options = options;
    this.folder = folder;
    this.settings = { ...PUSH_DEFAULTS, ...options.settings };
  }

  static async start(options: PushMeshOptions = {}): Promise<PushMesh> {
    const mesh = new PushMesh(options, await TemporaryFolder.create());
    try {
      await mesh.#start();
      return mesh;
    } catch (error) {
      await mesh[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { clock, settings, source } = this;
    const log = this.#options.log ?? createLogger("silent");
    const chains = new KnownChains();
    source.known = chains;
    this.store = await openStore(this.folder.path, clock);
    if (!(await hasClusters(this.store))) await this.#makeCluster();
    const { heartbeat, answerTimeout } = settings;
    this.reports = new LiveReports(clock, { heartbeat, grace: 5_000, answerTimeout });
    this.flush = new ReportFlush({ store: this.store, reports: this.reports, chains, clock, log });
    await this.flush.start();
    const used = (await this.#options.snapshots?.(this.store, clock, chains)) ?? source;
    this.server = new PushServer({
      address: { host: "127.0.0.1", port: this.#options.port ?? 0 },
      credentials: ServerCredentials.createInsecure(),
      artifacts: undefined,
      apiPort: 0,
      clock,
      log,
      settings,
      source: used,
      chains,
      reports: this.reports,
      records: new NodeRecords(this.store, this.reports, clock),
      metrics: new PushMetrics(this.registry),
      authenticator: this.#options.authenticator?.(this.store, clock) ?? this.tokens,
      refusals: new RefusalLog(this.store, clock),
    });
    await this.server.start();
    const { server, reports, flush } = this;
    observeReports(this.registry, { reports, clock, flushFailures: () => flush.failures });
    observeStreams(this.registry, {
      streams: () => server.streams,
      connecting: () => server.connecting,
      tick: () => used.tick,
    });
  }

  /** A node that said Hello; it may be refused. */
  greet(id: string, options: TestNodeOptions = {}): TestNode {
    const node = TestNode.greet(this.server.port, id, options);
    this.#nodes.push(node);
    return node;
  }

  /** A node that opened its stream and has said nothing. */
  open(id: string, options: TestNodeOptions = {}): TestNode {
    const node = TestNode.open(this.server.port, id, options);
    this.#nodes.push(node);
    return node;
  }

  /** A node that is welcome, and whose first resources are on their way. */
  async connect(id: string, options: TestNodeOptions = {}): Promise<TestNode> {
    const node = this.greet(id, options);
    await node.next("welcome");
    this.clock.advance(DEBOUNCE);
    return node;
  }

  /** Changes what nodes are to have, and lets it out. */
  change(script: Parameters<ScriptedSnapshots["set"]>[0]): void {
    this.source.set(script);
    this.clock.advance(DEBOUNCE);
  }

  /** Lets out what waits for more of its kind. */
  debounce(): void {
    this.clock.advance(DEBOUNCE);
  }

  /** Stops the control plane, and starts it again, so many ms later, with nothing but what it stored. */
  async restart(later: number = 0): Promise<void> {
    for (const node of this.#nodes.splice(0)) await node[Symbol.asyncDispose]();
    await this.stop();
    this.clock.advance(later);
    this.registry = new MetricsRegistry();
    await this.#start();
  }

  /** Waits until something is so that nobody tells. */
  async eventually(isSo: () => boolean): Promise<void> {
    while (!isSo()) await setImmediate();
  }

  /** Waits until what is known of a node fits. */
  async until(fits: () => boolean): Promise<void> {
    if (fits()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _ = this.reports.onChange(() => fits() && resolve());
    await promise;
  }

  /** The value of a series, 0 where there is none; e.g. `sluice_cp_push_total{type="chain",result="ack"}`. */
  metric(series: string): number {
    return parseExposition(this.registry.expose()).get(series) ?? 0;
  }

  /** Ends everything but the folder, as a control plane that stops does. */
  async stop(): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.flush[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) await node[Symbol.asyncDispose]();
    await this.stop();
    await this.folder[Symbol.asyncDispose]();
  }

  async #makeCluster(): Promise<void> {
    await this.store.change({ kind: "system", name: "bootstrap" }, "bootstrap", async (change) => {
      await change.domains.insert({ name: "shop", description: "", versionApproval: false });
      const rules = { environment: "test", requiredApprovals: 0, rollbackApproval: false };
      for (const name of ["demo", "other"]) await change.clusters.insert({ name, domain: "shop", ...rules });
    });
  }
}

async function hasClusters(store: Store): Promise<boolean> {
  return store.read(async (view) => (await view.clusters.get("demo")) !== undefined);
}

/** `sluice_NODE` is the token of that node, for the cluster demo, until it is revoked. */
class TestTokens implements Authenticator {
  readonly #listeners = new Set<(tokenId: string) => void>();
  readonly #revoked = new Set<string>();
  /** Tokens are for every cluster. */
  everywhere = false;
  /** Times that one was presented. */
  presented = 0;

  async authenticate(secret: string | undefined): Promise<TokenActor> {
    this.presented++;
    const node = /^sluice_(.+)$/.exec(secret ?? "")?.[1];
    if (node === undefined || this.#revoked.has(node))
      throw new OperationError("unauthenticated", "a token is missing, unknown, expired or revoked");
    const scope = this.everywhere
      ? ({ kind: "all" } as const)
      : ({ kind: "cluster", cluster: "demo" } as const);
    return {
      kind: "token",
      name: node,
      tokenId: node,
      node,
      grants: [{ role: "node", scope }],
    } satisfies Actor;
  }

  onEnded(listener: (tokenId: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  revoke(node: string): void {
    this.#revoked.add(node);
    for (const listener of this.#listeners) listener(node);
  }
}
