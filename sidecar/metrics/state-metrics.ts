import type { LabelledFamily } from "../../core/metrics/family.ts";
import type { MetricsRegistry, Reading } from "../../core/metrics/registry.ts";
import type { Counter } from "../../core/metrics/series.ts";

/** The configuration in force. */
export interface ConfigState {
  /** 0 where it comes from a file. */
  readonly tick: number;
  /** `file`, `stream` or `disk`. */
  readonly source: string;
  /** Since the configuration in force was applied, ms. */
  readonly age: number;
  /** Whether the last one that arrived was applied. */
  readonly lastApplied: boolean;
}

export interface GenerationState {
  readonly plugin: string;
  readonly version: string;
  /** `serving`, `draining`, `tripped`, `suspended`, `quarantined`, … */
  readonly state: string;
}

export interface PoolState {
  readonly endpoint: string;
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
}

/** Where the metrics of what is (not of what happened) are read at each scrape. */
export interface StateProviders {
  readonly generations: () => readonly GenerationState[];
  /** Open client connections by listener. */
  readonly connections: () => Readonly<Record<string, number>>;
  readonly pools: () => readonly PoolState[];
  readonly ready: () => boolean;
  readonly hosts: () => HostCounts;
  readonly loads: () => LoadCounts;
}

/** Plugin hosts, since the start. */
export interface HostCounts {
  readonly started: number;
  /** Ended unasked, whoever was to blame. */
  readonly deaths: number;
  /** How often the standby took over. */
  readonly promotions: number;
  /** Bytes resident, of each that runs. */
  readonly resident: readonly number[];
}

/** Generations, since the start. */
export interface LoadCounts {
  readonly loaded: number;
  readonly unloaded: number;
  readonly failed: number;
}

/** The counter of configurations that arrived, by source and result (applied, unchanged, rejected). */
export function configResults(registry: MetricsRegistry): LabelledFamily<Counter> {
  return registry.counter("sluice_config_results_total", "Configurations that arrived, by result.", [
    "source",
    "result",
  ]);
}

/** Registers what there is to say of the configuration in force; nothing before the first. */
export function observeConfig(registry: MetricsRegistry, config: () => ConfigState | undefined): void {
  const gauge = (name: string, help: string, read: (state: ConfigState) => number): void =>
    registry.observe(`sluice_config_${name}`, help, "gauge", ["source"], () => {
      const state = config();
      return state === undefined ? [] : [[[state.source], read(state)]];
    });
  gauge("source", "1 for where the configuration in force came from: file, disk or stream.", () => 1);
  gauge("tick", "Tick of the configuration in force.", ({ tick }) => tick);
  gauge("age_seconds", "Since it was applied.", ({ age }) => age / 1_000);
  gauge("last_applied", "1 if the last one that arrived was applied.", appliedNumber);
}

/** Registers whether there is a connection to the control plane, where there is one at all. */
export function observeControlPlane(registry: MetricsRegistry, connected: () => boolean): void {
  registry.observe(
    "sluice_control_plane_connected",
    "1 while the node has a stream to its control plane.",
    "gauge",
    [],
    () => [[[], connected() ? 1 : 0]],
  );
}

/** Registers what is missing in the logs of plugins that are read through the control plane. */
export function observePluginLogs(
  registry: MetricsRegistry,
  dropped: () => Readonly<Record<string, number>>,
): void {
  registry.observe(
    "sluice_plugin_log_lines_dropped_total",
    "Lines that are not in the logs that the control plane reads: rate (over 256KiB in 200 ms), disk, plugins (over 100 have one).",
    "counter",
    ["reason"],
    () => Object.entries(dropped()).map(([reason, count]): Reading => [[reason], count]),
  );
}

/** Registers what there is to say of the process that carries traffic. */
export function observeState(registry: MetricsRegistry, providers: StateProviders): void {
  const gauge = (
    name: string,
    help: string,
    labels: readonly string[],
    read: () => Iterable<Reading>,
  ): void => registry.observe(`sluice_${name}`, help, "gauge", labels, read);
  gauge("ready", "1 while /ready says so.", [], () => [[[], providers.ready() ? 1 : 0]]);
  gauge("plugin_generations", "Generations by state.", ["plugin", "version", "state"], () =>
    counted(providers.generations()),
  );
  gauge("connections", "Open client connections.", ["listener"], () =>
    Object.entries(providers.connections()).map(([listener, open]): Reading => [[listener], open]),
  );
  gauge("pool_connections", "Connections to endpoints.", ["endpoint", "state"], () =>
    providers.pools().flatMap(({ endpoint, open, idle }): Reading[] => [
      [[endpoint, "busy"], open - idle],
      [[endpoint, "idle"], idle],
    ]),
  );
  gauge("pool_waiting", "Requests in line for a connection.", ["endpoint"], () =>
    providers.pools().map(({ endpoint, waiting }): Reading => [[endpoint], waiting]),
  );
  observePlugins(registry, providers);
}

/** Hosts and generations: their own parts keep count, and this only reads. */
function observePlugins(registry: MetricsRegistry, { hosts, loads }: StateProviders): void {
  const counter = (name: string, help: string, labels: readonly string[], read: () => Reading[]): void =>
    registry.observe(`sluice_${name}_total`, help, "counter", labels, read);
  counter("hosts_started", "Plugin hosts that were started.", [], () => [[[], hosts().started]]);
  counter("host_deaths", "Plugin hosts that ended unasked.", [], () => [[[], hosts().deaths]]);
  counter("host_promotions", "Standby hosts that took over.", [], () => [[[], hosts().promotions]]);
  counter("plugin_loads", "Generations by what became of them.", ["result"], () =>
    Object.entries(loads()).map(([result, count]): Reading => [[result], count]),
  );
  registry.observe("sluice_hosts_resident_bytes", "Resident memory of plugin hosts.", "gauge", [], () => [
    [[], hosts().resident.reduce((sum, bytes) => sum + bytes, 0)],
  ]);
}

function appliedNumber({ lastApplied }: ConfigState): number {
  return lastApplied ? 1 : 0;
}

function counted(generations: readonly GenerationState[]): Reading[] {
  const counts = new Map<string, readonly [readonly string[], number]>();
  for (const { plugin, version, state } of generations) {
    const labels = [plugin, version, state];
    const key = labels.join("\0");
    counts.set(key, [labels, (counts.get(key)?.[1] ?? 0) + 1]);
  }
  return [...counts.values()];
}
