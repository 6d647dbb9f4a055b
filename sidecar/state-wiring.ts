import type { Readiness } from "./admin/readiness.ts";
import type { CurrentChain } from "./chain/current-chain.ts";
import type { Configuration } from "./config/configuration.ts";
import { observeState } from "./metrics/state-metrics.ts";
import type { PluginSystem } from "./plugin-system.ts";
import type { ResolvedSettings } from "./settings-source.ts";
import type { Telemetry } from "./telemetry.ts";
import type { Traffic } from "./traffic.ts";

/** The parts of a sidecar that admin and metrics look at. */
export interface SidecarParts {
  readonly settings: ResolvedSettings;
  readonly telemetry: Telemetry;
  readonly readiness: Readiness;
  readonly chain: CurrentChain;
  readonly plugins: PluginSystem;
  readonly configuration: Configuration;
  readonly traffic: Traffic;
}

/** Registers the metrics that are read from the parts at each scrape. */
export function observeSidecar(parts: SidecarParts): void {
  const { telemetry, readiness, plugins, configuration, traffic } = parts;
  observeState(telemetry.registry, {
    config: () => {
      const { age, lastApplied } = configuration.status;
      return age === undefined ? undefined : { tick: 0, source: "file", age, lastApplied };
    },
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

function connectionsOf(counts: Traffic["inbound"]["counts"]): number {
  return counts.unknown + counts.http1 + counts.h2;
}
