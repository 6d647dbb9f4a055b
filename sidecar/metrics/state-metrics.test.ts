import { expect, test } from "vitest";

import { MetricsRegistry } from "../../core/metrics/registry.ts";
import { parseExposition } from "../../test/support/exposition.ts";
import { observeConfig, observeState, type StateProviders } from "./state-metrics.ts";

const PROVIDERS: StateProviders = {
  generations: () => [
    { plugin: "guard", version: "1.0.0", state: "serving" },
    { plugin: "guard", version: "1.0.0", state: "draining" },
    { plugin: "guard", version: "1.0.0", state: "draining" },
  ],
  connections: () => ({ inbound: 3 }),
  pools: () => [{ endpoint: "127.0.0.1:8080", open: 5, idle: 2, waiting: 1 }],
  ready: () => true,
  hosts: () => ({ started: 4, deaths: 2, promotions: 1, resident: [10, 20] }),
  loads: () => ({ loaded: 7, unloaded: 5, failed: 1 }),
};

test("what is, is read at the scrape", () => {
  const registry = new MetricsRegistry();

  observeState(registry, PROVIDERS);
  observeConfig(registry, () => ({ tick: 42, source: "stream", age: 1_500, lastApplied: false }));

  expect(Object.fromEntries(parseExposition(registry.expose()))).toEqual({
    sluice_ready: 1,
    'sluice_config_source{source="stream"}': 1,
    'sluice_config_tick{source="stream"}': 42,
    'sluice_config_age_seconds{source="stream"}': 1.5,
    'sluice_config_last_applied{source="stream"}': 0,
    'sluice_plugin_generations{plugin="guard",version="1.0.0",state="serving"}': 1,
    'sluice_plugin_generations{plugin="guard",version="1.0.0",state="draining"}': 2,
    'sluice_connections{listener="inbound"}': 3,
    'sluice_pool_connections{endpoint="127.0.0.1:8080",state="busy"}': 3,
    'sluice_pool_connections{endpoint="127.0.0.1:8080",state="idle"}': 2,
    'sluice_pool_waiting{endpoint="127.0.0.1:8080"}': 1,
    sluice_hosts_started_total: 4,
    sluice_host_deaths_total: 2,
    sluice_host_promotions_total: 1,
    sluice_hosts_resident_bytes: 30,
    'sluice_plugin_loads_total{result="loaded"}': 7,
    'sluice_plugin_loads_total{result="unloaded"}': 5,
    'sluice_plugin_loads_total{result="failed"}': 1,
  });
});

test("before the first configuration there is nothing to say of it", () => {
  const registry = new MetricsRegistry();

  observeConfig(registry, () => undefined);

  expect([...parseExposition(registry.expose()).keys()]).toEqual([]);
});
