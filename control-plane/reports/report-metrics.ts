import type { Clock } from "../../core/clock.ts";
import type { MetricsRegistry } from "../../core/metrics/registry.ts";
import { PRESENCES, SYNC_STATES } from "../model/node.ts";
import type { NodeReports } from "./node-reports.ts";

/** What a scrape reads of the reports. */
export interface ReportState {
  readonly reports: NodeReports;
  readonly clock: Clock;
  /** Batches that the store did not take. */
  flushFailures(): number;
}

/** Registers what is known of nodes, read at each scrape. */
export function observeReports(registry: MetricsRegistry, state: ReportState): void {
  registry.observe(
    "sluice_cp_nodes",
    "Nodes that have a record, by presence and by how far they are with what they should have.",
    "gauge",
    ["presence", "sync"],
    () => nodeCounts(state.reports),
  );
  registry.observe(
    "sluice_cp_report_lag_seconds",
    "How long ago the connected node that was silent longest was heard.",
    "gauge",
    [],
    () => [[[], lag(state)]],
  );
  registry.observe(
    "sluice_cp_report_flush_failures_total",
    "Batches of reports that the store did not take; the next one has them again.",
    "counter",
    [],
    () => [[[], state.flushFailures()]],
  );
}

function nodeCounts(reports: NodeReports): readonly (readonly [readonly string[], number])[] {
  const counts = new Map<string, number>();
  for (const { node } of reports.list()) {
    const key = `${reports.presence(node.id)} ${reports.sync(node.id)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return PRESENCES.flatMap((presence) =>
    SYNC_STATES.map((sync) => [[presence, sync], counts.get(`${presence} ${sync}`) ?? 0] as const),
  );
}

function lag({ reports, clock }: ReportState): number {
  const wall = clock.wall();
  const silences = reports
    .list()
    .filter(({ report }) => report.connected)
    .map(({ report }) => wall - (report.lastSeen ?? wall));
  return silences.reduce((longest, silence) => Math.max(longest, silence), 0) / 1_000;
}
