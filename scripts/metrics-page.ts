import { observeAlarms } from "../control-plane/alarms/alarm-metrics.ts";
import { ApiMetrics } from "../control-plane/api/api-metrics.ts";
import { PushMetrics, observeStreams } from "../control-plane/push/push-metrics.ts";
import { LiveReports } from "../control-plane/reports/live-reports.ts";
import { observeReports } from "../control-plane/reports/report-metrics.ts";
import { observeStore } from "../control-plane/store/store-metrics.ts";
import { observeTls } from "../control-plane/tls/tls-metrics.ts";
import { systemClock } from "../core/clock.ts";
import { addProcessMetrics } from "../core/metrics/process-metrics.ts";
import { MetricsRegistry } from "../core/metrics/registry.ts";
import { ExchangeMetrics } from "../sidecar/metrics/exchange-metrics.ts";
import { PluginMetrics } from "../sidecar/metrics/plugin-metrics.ts";
import { workerMetrics } from "../sidecar/workers/worker-metrics.ts";
import {
  configResults,
  observeConfig,
  observeControlPlane,
  observePluginLogs,
  observeState,
} from "../sidecar/metrics/state-metrics.ts";

/** docs/metrics.md, made from the families that a sidecar and a control plane register. */
export function metricsPage(): string {
  return `<!-- Made by \`npm run generate\` from the code that counts; a test compares. -->

# Metrics

## Of the sidecar

At \`http://127.0.0.1:15190/metrics\` (and \`/stats/prometheus\`) in the text format of Prometheus. Times are in seconds,
sizes in bytes, counters end in \`_total\`. Label values come from closed lists and from configuration, never from
requests: no path, no address, no header. Series of plugin versions that are not in force any more are forgotten.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${rowsOf(registryOfSidecar())}

\`error\` is the code of \`X-Mesh-Error\` and empty where nothing went wrong; \`verdict\` is \`allow\`, \`rewrite\`, \`block\` or
\`failed\`; \`sluice_workers\` and \`sluice_worker_*\` are there with several workers only, and the rest is then the sum over
the processes; \`mode\` is \`enforce\`, or \`degrade\` where nobody waited. Consecutive isolate plugins cost one round trip for
each position, so \`sluice_plugin_round_trips_total\` grows by the number of segments, not of plugins.

## Of the control plane

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${rowsOf(registryOfControlPlane())}

\`type\` is \`stage\`, \`route\` or \`chain\` (\`unknown\` for answers that name none of them). A fleet has converged when no node is
\`PENDING\`, \`STALE\` or \`REJECTED\` that is not \`OFFLINE\`. At most one send per node and refused hash: what did not go out
because of that is in \`sluice_cp_nack_resends_suppressed_total\`.
`;
}

function rowsOf(registry: MetricsRegistry): string {
  const rows = registry.families.map(({ name, type, labels, help }) => {
    const names = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${names} | ${help} |`;
  });
  return rows.join("\n");
}

function registryOfControlPlane(): MetricsRegistry {
  const registry = new MetricsRegistry();
  const limits = { heartbeat: 0, grace: 0, answerTimeout: 0 };
  observeReports(registry, {
    reports: new LiveReports(systemClock, limits),
    clock: systemClock,
    flushFailures: () => 0,
  });
  void new PushMetrics(registry);
  observeStreams(registry, { streams: () => 0, connecting: () => 0, tick: () => 0 });
  observeAlarms(registry, { list: () => [] });
  void new ApiMetrics(registry, () => 0);
  observeStore(registry, "");
  observeTls(registry, undefined);
  return registry;
}

/** Everything that a sidecar may count. */
export function registryOfSidecar(): MetricsRegistry {
  const registry = new MetricsRegistry();
  addProcessMetrics(registry);
  void new ExchangeMetrics(registry);
  void new PluginMetrics(registry);
  configResults(registry);
  observeConfig(registry, () => undefined);
  observeControlPlane(registry, () => false);
  observePluginLogs(registry, () => ({}));
  observeState(registry, {
    generations: () => [],
    connections: () => ({}),
    pools: () => [],
    ready: () => true,
    hosts: () => ({ started: 0, deaths: 0, promotions: 0, resident: [] }),
    loads: () => ({ loaded: 0, unloaded: 0, failed: 0 }),
  });
  workerMetrics(registry, () => []);
  return registry;
}
