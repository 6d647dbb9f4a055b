import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MetricsRegistry } from "../core/metrics/registry.ts";
import type { Authenticator } from "./access/authenticator.ts";
import type { RefusalLog } from "./access/refusal-log.ts";
import type { Alarms } from "./alarms/alarms.ts";
import type { Incidents } from "./alarms/incidents.ts";
import type { WebhookCaller } from "./alarms/webhook-caller.ts";
import { ApiMetrics } from "./api/api-metrics.ts";
import { ApiServer, type ApiLimits } from "./api/api-server.ts";
import { Gate } from "./api/gate.ts";
import { allHandlers } from "./api/handlers/all-handlers.ts";
import { addHealthPage } from "./api/health-page.ts";
import { addMetricsPage } from "./api/metrics-page.ts";
import { UploadFolder } from "./api/received-package.ts";
import { Watches } from "./api/watches.ts";
import type { Artifacts } from "./artifacts/artifacts.ts";
import { changeFeed } from "./change-feed.ts";
import { Releases } from "./releases/releases.ts";
import type { LiveReports } from "./reports/live-reports.ts";
import type { NodeLogs } from "./reports/node-logs.ts";
import type { ControlPlaneSettings } from "./settings.ts";
import type { Store } from "./store/store.ts";
import type { TlsSource } from "./tls/tls-source.ts";

const HEARTBEAT = 15_000;
/** How long the reader of a watch or of text may read nothing, ms. */
const PATIENCE = 30_000;
const HEAD_BYTES = 16 * 1024;

interface ApiWiring {
  readonly settings: ControlPlaneSettings;
  readonly tls: TlsSource | undefined;
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: MetricsRegistry;
  readonly authenticator: Authenticator;
  readonly refusals: RefusalLog;
  readonly reports: LiveReports;
  readonly logs: NodeLogs;
  readonly saveReports: (nodes: readonly string[]) => Promise<void>;
  readonly alarms: Alarms;
  readonly caller: WebhookCaller;
  readonly incidents: Incidents;
  readonly checkAnswers: boolean;
}

/** The REST port with what it works with. */
export function createApiServer(wiring: ApiWiring): ApiServer {
  const { settings, tls, store, clock, log, registry, authenticator, refusals, reports, alarms } = wiring;
  const { incidents, checkAnswers, saveReports } = wiring;
  const gate = new Gate(authenticator, refusals);
  const pace = { interval: settings.watchInterval, heartbeat: HEARTBEAT, patience: PATIENCE };
  const bounds = { total: settings.watches, perToken: settings.watchesPerToken };
  const watches = new Watches(changeFeed(store, reports, alarms), { ...pace, ...bounds }, clock);
  const uploads = new UploadFolder(join(settings.folder, "uploads"), uploadLimits(settings), clock);
  const temporaryFolder = join(settings.folder, "uploads");
  const releases = new Releases({ store, clock, reports, saveReports });
  return new ApiServer({
    address: settings.api,
    tls,
    limits: apiLimits(settings),
    handlers: allHandlers({ ...wiring, releases, temporaryFolder, scratch: temporaryFolder }),
    parts: { store, gate, watches, uploads, clock, patience: PATIENCE, checkAnswers },
    metrics: new ApiMetrics(registry, () => watches.size),
    clock,
    log,
    onUnavailable: (message) => incidents.note({ kind: "store-error", about: "request", message }),
    extend: (app) => {
      addMetricsPage(app, registry, gate, settings.openMetrics);
      addHealthPage(app, store);
    },
  });
}

function uploadLimits(settings: ControlPlaneSettings): ConstructorParameters<typeof UploadFolder>[1] {
  return { bytes: settings.packageBytes, idle: settings.uploadIdleTimeout, concurrent: settings.uploads };
}

function apiLimits(settings: ControlPlaneSettings): ApiLimits {
  return {
    connections: settings.connections,
    headBytes: HEAD_BYTES,
    headTime: settings.headTimeout,
    requestTime: settings.uploadTimeout,
    keepAlive: settings.keepAliveTimeout,
    body: { bytes: settings.bodyBytes, time: settings.bodyTimeout },
  };
}
