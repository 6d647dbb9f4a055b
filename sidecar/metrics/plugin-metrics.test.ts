import { expect, test } from "vitest";

import { MetricsRegistry } from "../../core/metrics/registry.ts";
import { parseExposition } from "../../test/support/exposition.ts";
import type { PluginRecord } from "../chain/chain.ts";
import { ALLOW, type Verdict } from "../chain/verdict.ts";
import { PluginMetrics } from "./plugin-metrics.ts";

const TIMED_OUT: Verdict = { kind: "failed", cause: "timeout", detail: "took 60 ms" };

function record(changes: Partial<PluginRecord> & { readonly generation?: number } = {}): PluginRecord {
  const { generation = 1, ...rest } = changes;
  const target = { plugin: "guard", version: "1.0.0", generation };
  return { target, position: 0, verdict: ALLOW, policy: undefined, micros: 80, background: false, ...rest };
}

test("verdicts, failures and policies are counted by plugin, version, position and mode", () => {
  const registry = new MetricsRegistry();
  const metrics = new PluginMetrics(registry);

  metrics.asked(record());
  metrics.asked(record());
  metrics.asked(record({ verdict: TIMED_OUT, policy: "open" }));
  metrics.asked(record({ position: 1, verdict: TIMED_OUT, background: true }));

  const samples = parseExposition(registry.expose());
  const at = (name: string, rest: string): number | undefined =>
    samples.get(`sluice_plugin_${name}{plugin="guard",version="1.0.0",position=${rest}}`);
  expect(at("calls_total", '"request",mode="enforce",verdict="allow"')).toBe(2);
  expect(at("calls_total", '"request",mode="enforce",verdict="failed"')).toBe(1);
  expect(at("calls_total", '"response",mode="degrade",verdict="failed"')).toBe(1);
  expect(at("failures_total", '"request",mode="enforce",cause="timeout"')).toBe(1);
  expect(at("policy_applied_total", '"request",mode="enforce",policy="open"')).toBe(1);
  expect(at("policy_applied_total", '"response",mode="degrade",policy="open"')).toBeUndefined();
  expect(at("duration_seconds_count", '"request",mode="enforce"')).toBe(3);
});

test("two plugins that could not be loaded are told apart though neither has a generation", () => {
  const registry = new MetricsRegistry();
  const metrics = new PluginMetrics(registry);
  const notLoaded = (plugin: string): PluginRecord => ({
    ...record({ verdict: { kind: "failed", cause: "not_loaded", detail: "" }, policy: "closed" }),
    target: { plugin, version: "", generation: 0 },
  });

  for (const plugin of ["a", "b", "b"]) metrics.asked(notLoaded(plugin));

  const samples = parseExposition(registry.expose());
  const failed = 'version="",position="request",mode="enforce",cause="not_loaded"';
  expect(samples.get(`sluice_plugin_failures_total{plugin="a",${failed}}`)).toBe(1);
  expect(samples.get(`sluice_plugin_failures_total{plugin="b",${failed}}`)).toBe(2);
});

test("a reload under the same version goes on counting in the same series", () => {
  const registry = new MetricsRegistry();
  const metrics = new PluginMetrics(registry);

  metrics.asked(record({ generation: 1 }));
  metrics.asked(record({ generation: 2 }));

  const series = 'plugin="guard",version="1.0.0",position="request",mode="enforce",verdict="allow"';
  expect(parseExposition(registry.expose()).get(`sluice_plugin_calls_total{${series}}`)).toBe(2);
});

test("versions that are not in force are forgotten, and the others go on", () => {
  const registry = new MetricsRegistry();
  const metrics = new PluginMetrics(registry);
  const old: PluginRecord = { ...record(), target: { plugin: "guard", version: "0.9.0", generation: 7 } };
  metrics.asked(old);
  metrics.asked(record());

  metrics.retain([{ plugin: "guard", version: "1.0.0" }]);
  metrics.asked(record());

  const calls = [...parseExposition(registry.expose())].filter(([name]) =>
    name.startsWith("sluice_plugin_calls"),
  );
  expect(calls).toEqual([[expect.stringContaining('version="1.0.0"'), 2]]);
});

test("round trips count segments, not plugins", () => {
  const registry = new MetricsRegistry();
  const metrics = new PluginMetrics(registry);

  metrics.roundTrip(0, 3);
  metrics.roundTrip(1, 1);

  const samples = parseExposition(registry.expose());
  expect(samples.get('sluice_plugin_round_trips_total{position="request"}')).toBe(1);
  expect(samples.get('sluice_plugin_round_trip_plugins_total{position="request"}')).toBe(3);
});
