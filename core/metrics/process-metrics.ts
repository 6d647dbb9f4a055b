import { performance } from "node:perf_hooks";

import type { MetricsRegistry } from "./registry.ts";

/** What the process itself costs, read at each scrape; the names that dashboards for any process know. */
export function addProcessMetrics(registry: MetricsRegistry): void {
  registry.observe("process_cpu_seconds_total", "User and system CPU time.", "counter", [], () => {
    const { user, system } = process.cpuUsage();
    return [[[], (user + system) / 1e6]];
  });
  registry.observe("process_resident_memory_bytes", "Resident memory.", "gauge", [], () => [
    [[], process.memoryUsage.rss()],
  ]);
  registry.observe("process_start_time_seconds", "Start, seconds since 1970.", "gauge", [], () => [
    [[], performance.timeOrigin / 1_000],
  ]);
  registry.observe(
    "sluice_event_loop_active_seconds_total",
    "Time in which the event loop had something to do; its rate is the utilisation.",
    "counter",
    [],
    () => [[[], performance.eventLoopUtilization().active / 1_000]],
  );
}
