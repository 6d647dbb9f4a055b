import { artifactFolder } from "../core/artifact-folder.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MetricsRegistry } from "../core/metrics/registry.ts";
import type { RefusalLog } from "./access/refusal-log.ts";
import type { Authenticator } from "./access/authenticator.ts";
import { observeStreams, PushMetrics } from "./push/push-metrics.ts";
import { PushServer } from "./push/push-server.ts";
import { PUSH_DEFAULTS, type PushSettings } from "./push/push-settings.ts";
import type { ReleaseProjection } from "./releases/release-projection.ts";
import type { LiveReports, ReportLimits } from "./reports/live-reports.ts";
import { NodeRecords } from "./reports/node-records.ts";
import type { ControlPlaneSettings } from "./settings.ts";
import type { KnownChains } from "./snapshot/known-chains.ts";
import { ReleaseSnapshots } from "./snapshot/release-snapshots.ts";
import type { Store } from "./store/store.ts";
import { grpcCredentials } from "./tls/grpc-credentials.ts";
import type { TlsSource } from "./tls/tls-source.ts";

/** How late a heartbeat may be, ms. */
const GRACE = 5_000;

interface PushWiring {
  readonly settings: ControlPlaneSettings;
  readonly tls: TlsSource | undefined;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: MetricsRegistry;
  readonly authenticator: Authenticator;
  readonly refusals: RefusalLog;
  readonly reports: LiveReports;
  readonly chains: KnownChains;
  readonly projection: ReleaseProjection;
}

/** The gRPC port with what it works with. */
export function createPushServer(wiring: PushWiring): PushServer {
  const { settings, tls, store, clock, log, registry, authenticator, refusals } = wiring;
  const { reports, chains, projection } = wiring;
  const source = new ReleaseSnapshots(projection, chains);
  const server = new PushServer({
    address: settings.push,
    credentials: grpcCredentials(tls),
    artifacts: settings.artifactUrl === "" ? undefined : artifactFolder(settings.artifactUrl),
    apiPort: settings.api.port,
    clock,
    log,
    settings: pushSettings(settings),
    reports,
    records: new NodeRecords(store, reports, clock),
    source,
    chains,
    metrics: new PushMetrics(registry),
    authenticator,
    refusals,
  });
  observeStreams(registry, {
    streams: () => server.streams,
    connecting: () => server.connecting,
    tick: () => source.tick,
  });
  return server;
}

export function reportLimits({ heartbeat, answerTimeout }: ControlPlaneSettings): ReportLimits {
  return { heartbeat, grace: GRACE, answerTimeout };
}

function pushSettings(settings: ControlPlaneSettings): PushSettings {
  const { heartbeat, scan, avoid, inventory, jitter, answerTimeout, nodesConnecting } = settings;
  return {
    ...PUSH_DEFAULTS,
    heartbeat,
    scan,
    avoid,
    inventory,
    jitter,
    answerTimeout,
    connecting: nodesConnecting,
  };
}
