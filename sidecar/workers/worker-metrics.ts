import type { LabelledFamily } from "../../core/metrics/family.ts";
import type { MetricsRegistry, Reading } from "../../core/metrics/registry.ts";
import type { Counter } from "../../core/metrics/series.ts";
import type { MetricPage } from "./questions.ts";
import { SEAT_STATES, type SeatState } from "./worker-seat.ts";

/** A place of a worker, with what it was last seen to have counted. */
export interface CountedSeat {
  readonly number: number;
  readonly state: SeatState;
  readonly pages: readonly MetricPage[];
}

/** Of these each worker's own is told: whether the kernel deals connections out evenly is seen here. */
const OF_EACH = [
  {
    name: "sluice_worker_exchanges_total",
    help: "Exchanges of each worker; from 0 again where it was replaced.",
    type: "counter",
    from: "sluice_exchanges_total",
  },
  {
    name: "sluice_worker_connections",
    help: "Open client connections of each worker.",
    type: "gauge",
    from: "sluice_connections",
  },
  {
    name: "sluice_worker_cpu_seconds_total",
    help: "CPU time of each worker without its plugin hosts.",
    type: "counter",
    from: "process_cpu_seconds_total",
  },
  {
    name: "sluice_worker_resident_memory_bytes",
    help: "Resident memory of each worker without its plugin hosts.",
    type: "gauge",
    from: "process_resident_memory_bytes",
  },
] as const;

/** Registers what the supervisor knows of its workers; the result counts their deaths by cause. */
export function workerMetrics(
  registry: MetricsRegistry,
  seats: () => readonly CountedSeat[],
): LabelledFamily<Counter> {
  registry.observe("sluice_workers", "Workers by state.", "gauge", ["state"], () =>
    SEAT_STATES.map((state): Reading => [[state], seats().filter((seat) => seat.state === state).length]),
  );
  for (const { name, help, type, from } of OF_EACH) {
    registry.observe(name, help, type, ["worker"], () =>
      seats()
        .filter(({ pages }) => pages.length > 0)
        .map(({ number, pages }): Reading => [[String(number)], total(pages, from)]),
    );
  }
  return registry.counter("sluice_worker_deaths_total", "Workers that ended unasked, by cause.", ["cause"]);
}

function total(pages: readonly MetricPage[], name: string): number {
  const samples = pages.find((page) => page.name === name)?.samples ?? [];
  return samples.reduce((sum, { value }) => sum + value, 0);
}
