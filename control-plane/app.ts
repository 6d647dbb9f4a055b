import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import { MeshError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { makeFolder } from "../core/make-folder.ts";
import { addProcessMetrics } from "../core/metrics/process-metrics.ts";
import { MetricsRegistry } from "../core/metrics/registry.ts";
import { bootstrapToken } from "./access/bootstrap-token.ts";
import { RefusalLog } from "./access/refusal-log.ts";
import { TokenAuthenticator } from "./access/token-authenticator.ts";
import { observeAlarms } from "./alarms/alarm-metrics.ts";
import { Alarms } from "./alarms/alarms.ts";
import { Incidents } from "./alarms/incidents.ts";
import { Notifier } from "./alarms/notifier.ts";
import { WebhookCaller } from "./alarms/webhook-caller.ts";
import type { ApiServer } from "./api/api-server.ts";
import { createApiServer } from "./api-wiring.ts";
import { ArtifactSweep } from "./artifact-sweep.ts";
import { FileArtifacts } from "./artifacts/file-artifacts.ts";
import type { PushServer } from "./push/push-server.ts";
import { createPushServer, reportLimits } from "./push-wiring.ts";
import { ReleaseFollower } from "./releases/release-follower.ts";
import { ReleaseProjection } from "./releases/release-projection.ts";
import { LiveReports } from "./reports/live-reports.ts";
import { NodeSweep } from "./reports/node-sweep.ts";
import { ReportFlush } from "./reports/report-flush.ts";
import { observeReports } from "./reports/report-metrics.ts";
import type { ControlPlaneSettings } from "./settings.ts";
import { KnownChains } from "./snapshot/known-chains.ts";
import { openStore } from "./store/open-store.ts";
import { observeStore } from "./store/store-metrics.ts";
import type { Store } from "./store/store.ts";
import { observeTls } from "./tls/tls-metrics.ts";
import { TlsFiles } from "./tls/tls-files.ts";

export interface ControlPlaneOptions {
  readonly settings: ControlPlaneSettings;
  /** Where secrets of webhooks are looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Answers of the API are checked against their schemas: for tests. */
  readonly checkAnswers?: boolean;
}

/** What `start` opened. */
export interface ControlPlanePorts {
  readonly api: number;
  readonly push: number;
}

/** What has to be opened before anything can be built. */
export interface OpenedParts {
  readonly tls: TlsFiles | undefined;
  readonly store: Store;
  readonly artifacts: FileArtifacts;
}

/**
 * A whole control plane in this process. Built from the inside out: store, access, what nodes said, releases and
 * snapshots, alarms, and the two ports; started so that nobody is answered before what is known was read, and ended in
 * the opposite order.
 */
export class ControlPlane implements AsyncDisposable {
  readonly registry = new MetricsRegistry();
  readonly reports: LiveReports;
  readonly #stack: AsyncDisposableStack;
  readonly #options: ControlPlaneOptions;
  readonly #store: Store;
  readonly #sweep: ArtifactSweep;
  readonly #flush: ReportFlush;
  readonly #projection: ReleaseProjection;
  readonly #follower: ReleaseFollower;
  readonly #alarms: Alarms;
  readonly #notifier: Notifier;
  readonly #push: PushServer;
  readonly #api: ApiServer;

  private constructor(options: ControlPlaneOptions, opened: OpenedParts, stack: AsyncDisposableStack) {
    const { settings, clock, log, environment } = options;
    const { registry } = this;
    const { store, artifacts } = opened;
    this.#options = options;
    this.#store = store;
    this.#stack = stack;

    this.#sweep = stack.use(new ArtifactSweep(store, artifacts, clock, log));
    const refusals = new RefusalLog(store, clock);
    const authenticator = stack.use(new TokenAuthenticator(store, clock, refusals));
    const reports = new LiveReports(clock, reportLimits(settings));
    this.reports = reports;
    const chains = new KnownChains();
    this.#flush = stack.use(new ReportFlush({ store, reports, chains, clock, log }));
    stack.use(new NodeSweep({ store, reports, clock, log, after: settings.forgetNodesAfter }));
    this.#projection = stack.use(new ReleaseProjection({ store, clock, log }));
    const projection = this.#projection;
    this.#follower = stack.use(new ReleaseFollower({ store, projection, reports, clock, log }));

    const incidents = new Incidents(clock);
    stack.use(artifacts.onMismatch((digest) => incidents.note(damagedArtifact(digest))));
    const patience = {
      interval: settings.alarmInterval,
      notConverged: settings.notConvergedAfter,
      releaseWaiting: settings.releaseWaitingAfter,
    };
    this.#alarms = stack.use(new Alarms({ store, reports, incidents, clock, log, patience }));
    const caller = new WebhookCaller(environment, clock);
    this.#notifier = stack.use(new Notifier({ store, caller, clock, log }));

    const shared = { ...opened, settings, clock, log, registry, authenticator, reports };
    this.#push = stack.use(createPushServer({ ...shared, refusals, chains, projection }));
    const { logs } = this.#push;
    const alarms = this.#alarms;
    const checkAnswers = options.checkAnswers ?? false;
    const saveReports = (nodes: readonly string[]): Promise<void> => this.#flush.save(nodes);
    this.#api = stack.use(
      createApiServer({ ...shared, refusals, alarms, caller, incidents, logs, saveReports, checkAnswers }),
    );

    addProcessMetrics(registry);
    observeReports(registry, { reports, clock, flushFailures: () => this.#flush.failures });
    observeAlarms(registry, alarms);
    observeStore(registry, settings.folder);
    observeTls(registry, opened.tls);
  }

  /** Opens the folder's store and reads certificates; throws a `MeshError` that says what is wrong. */
  static async open(options: ControlPlaneOptions): Promise<ControlPlane> {
    const { settings, clock, log } = options;
    await using stack = new AsyncDisposableStack();
    const tls = stack.use(await openTls(settings, clock, log));
    makeOwnFolder(settings.folder);
    const store = stack.use(await openStore(settings.folder, clock));
    const artifacts = await FileArtifacts.open(join(settings.folder, "artifacts"), settings.artifactQuota);
    return new ControlPlane(options, { tls, store, artifacts }, stack.move());
  }

  /** Resolves when both ports answer. */
  async start(): Promise<ControlPlanePorts> {
    const { settings, clock, log } = this.#options;
    const given = settings.adminToken === "" ? undefined : settings.adminToken;
    const file = await bootstrapToken(this.#store, clock, settings.folder, given);
    if (file !== undefined) log.info({ file }, "an admin's token was made");
    await this.#sweep.start();
    await this.#flush.start();
    await this.#projection.start();
    this.#follower.start();
    await this.#notifier.start(this.#alarms);
    await this.#push.start();
    await this.#api.start();
    return { api: this.#api.port, push: this.#push.port };
  }

  /** Nodes and watches are told to come again later; requests under way may end until the deadline (ms). */
  async drain(deadline: number): Promise<void> {
    await Promise.all([this.#api.drain(deadline), this.#push.drain(deadline)]);
    await this.#flush.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function openTls(
  { tlsCertificate, tlsKey, tlsClientAuthority }: ControlPlaneSettings,
  clock: Clock,
  log: Logger,
): Promise<TlsFiles | undefined> {
  if (tlsCertificate === "") return undefined;
  const clientAuthority = tlsClientAuthority === "" ? undefined : tlsClientAuthority;
  return TlsFiles.open({ certificate: tlsCertificate, key: tlsKey, clientAuthority }, clock, log);
}

function damagedArtifact(digest: string): {
  readonly kind: "artifact-mismatch";
  readonly about: string;
  readonly message: string;
} {
  const message = `the stored package ${digest} has other bytes than were uploaded: upload it again`;
  return { kind: "artifact-mismatch", about: digest, message };
}

function makeOwnFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (cause) {
    const message = `--folder: ${folder} cannot be made: ${messageOf(cause)}`;
    throw new MeshError(message, { code: "folder_unusable", source: "input", cause });
  }
}
