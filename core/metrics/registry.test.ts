import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";

import { parseExposition } from "../../test/support/exposition.ts";
import { addProcessMetrics } from "./process-metrics.ts";
import { MetricsRegistry } from "./registry.ts";

test("counters, gauges and what is read at the scrape are told with their labels", () => {
  const registry = new MetricsRegistry();
  const calls = registry.counter("sluice_calls_total", "Calls.", ["plugin", "verdict"]);
  const open = registry.gauge("sluice_open", "Open.");
  registry.observe("sluice_age_seconds", "Age.", "gauge", ["source"], () => [[["file"], 1.5]]);

  calls.with("a", "allow").add();
  calls.with("a", "allow").add(2);
  calls.with("a", "block").add();
  open.with().set(7);
  open.with().add(-2);

  expect(registry.expose()).toBe(`# HELP sluice_calls_total Calls.
# TYPE sluice_calls_total counter
sluice_calls_total{plugin="a",verdict="allow"} 3
sluice_calls_total{plugin="a",verdict="block"} 1
# HELP sluice_open Open.
# TYPE sluice_open gauge
sluice_open 5
# HELP sluice_age_seconds Age.
# TYPE sluice_age_seconds gauge
sluice_age_seconds{source="file"} 1.5
`);
});

test("a histogram's buckets are cumulative, bounds belong to their bucket, and what is beyond is counted too", () => {
  const registry = new MetricsRegistry();
  const duration = registry.histogram("sluice_seconds", "Time.", [0.1, 1], ["listener"]).with("inbound");

  for (const seconds of [0.05, 0.1, 0.5, 30]) duration.observe(seconds);

  expect(Object.fromEntries(parseExposition(registry.expose()))).toEqual({
    'sluice_seconds_bucket{listener="inbound",le="0.1"}': 2,
    'sluice_seconds_bucket{listener="inbound",le="1"}': 3,
    'sluice_seconds_bucket{listener="inbound",le="+Inf"}': 4,
    'sluice_seconds_sum{listener="inbound"}': 30.65,
    'sluice_seconds_count{listener="inbound"}': 4,
  });
});

test("whatever stands in a label or a help text, the exposition stays readable", () => {
  const anything = property(string({ unit: "binary" }), (text) => {
    const registry = new MetricsRegistry();
    registry.counter("sluice_a_total", `h${text}`, ["label"]).with(text).add();
    return parseExposition(registry.expose()).size === 1;
  });

  assert(anything);
});

test("numbers that are none are told in the format's words", () => {
  const registry = new MetricsRegistry();
  const odd = registry.gauge("sluice_odd", "Odd.", ["is"]);
  for (const value of [Infinity, -Infinity, NaN, 1e21]) odd.with(String(value)).set(value);

  expect([...parseExposition(registry.expose()).values()]).toEqual([Infinity, -Infinity, NaN, 1e21]);
  expect(registry.expose()).toContain('sluice_odd{is="Infinity"} +Inf');
});

test("series that somebody forgets are not told any more, the others are", () => {
  const registry = new MetricsRegistry();
  const calls = registry.counter("sluice_calls_total", "Calls.", ["version"]);
  calls.with("1").add();
  calls.with("2").add();

  calls.retain(([version]) => version === "2");

  expect([...parseExposition(registry.expose()).keys()]).toEqual(['sluice_calls_total{version="2"}']);
});

test("label values without end share one series once there are too many", () => {
  const registry = new MetricsRegistry();
  const calls = registry.counter("sluice_calls_total", "Calls.", ["path"]);

  for (let i = 0; i < 6_000; i++) calls.with(`/${i}`).add();

  const samples = parseExposition(registry.expose());
  expect(samples.size).toBe(5_001);
  expect(samples.get('sluice_calls_total{path="_other"}')).toBe(1_000);
});

test("a name that is taken or malformed is a mistake of the program", () => {
  const registry = new MetricsRegistry();
  registry.gauge("sluice_a", "A.");

  expect(() => registry.gauge("sluice_a", "A.")).toThrow("there are two metrics sluice_a");
  expect(() => registry.gauge("Sluice-b", "B.")).toThrow("no name for a metric");
});

test("a process tells its memory and its CPU time", () => {
  const registry = new MetricsRegistry();

  addProcessMetrics(registry);

  const samples = parseExposition(registry.expose());
  expect(samples.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(samples.get("process_cpu_seconds_total")).toBeGreaterThan(0);
});
