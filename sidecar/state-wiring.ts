import type { MetricsRegistry } from "../core/metrics/registry.ts";
import type { ConfigOrigin } from "./config-origin.ts";
import type { Configuration } from "./config/configuration.ts";
import type { DataPlane } from "./data-plane.ts";
import {
  observeConfig,
  observeControlPlane,
  observePluginLogs,
  observeState,
} from "./metrics/state-metrics.ts";
import type { Traffic } from "./traffic.ts";

/** Registers the metrics that are read from a data plane's parts at each scrape. */
export function observeDataPlane({ telemetry, readiness, plugins, traffic }: DataPlane): void {
  observeState(telemetry.registry, {
    generations: () =>
      plugins.registry.status.map(({ plugin, version, state }) => ({
        plugin,
        version,
        state: state.toLowerCase(),
      })),
    connections: () => ({
      inbound: connectionsOf(traffic.inbound.counts),
      outbound: connectionsOf(traffic.outbound.counts),
    }),
    pools: () => traffic.endpoints,
    hosts: () => {
      const { hostsStarted, hostDeaths, promotions, hosts } = plugins.isolates.status;
      const resident = hosts.map((host) => host.resident);
      return { started: hostsStarted, deaths: hostDeaths, promotions, resident };
    },
    loads: () => plugins.registry.counts,
    ready: () => readiness.reasons().length === 0,
  });
}

/** The same of the configuration and of where it comes from. */
export function observeOrigin(
  registry: MetricsRegistry,
  origin: ConfigOrigin,
  configuration: Configuration,
): void {
  observeConfig(registry, () => {
    const { age, lastApplied } = configuration.status;
    return age === undefined ? undefined : { tick: origin.tick, source: origin.name, age, lastApplied };
  });
  if (origin.connected !== undefined) observeControlPlane(registry, () => origin.connected === true);
  if (origin.droppedLogLines !== undefined) observePluginLogs(registry, () => origin.droppedLogLines ?? {});
}

function connectionsOf(counts: Traffic["inbound"]["counts"]): number {
  return counts.unknown + counts.http1 + counts.h2;
}
