import { exposition } from "../../core/metrics/exposition.ts";
import type { LabelledFamily } from "../../core/metrics/family.ts";
import { addProcessMetrics } from "../../core/metrics/process-metrics.ts";
import { MetricsRegistry } from "../../core/metrics/registry.ts";
import type { Counter } from "../../core/metrics/series.ts";
import type { PluginLoad } from "../config/apply-result.ts";
import { configResults } from "../metrics/state-metrics.ts";
import { AddedMetrics } from "./added-metrics.ts";
import { workerMetrics } from "./worker-metrics.ts";
import type { WorkerSet } from "./worker-set.ts";

/** The metrics of all workers, added up, with those that only the supervisor knows. */
export class SupervisorTelemetry {
  readonly registry: MetricsRegistry = new MetricsRegistry();
  /** By source and result. */
  readonly configResults: LabelledFamily<Counter>;
  /** By cause. */
  readonly deaths: LabelledFamily<Counter>;
  readonly #workers: () => WorkerSet;
  readonly #added = new AddedMetrics();

  constructor(workers: () => WorkerSet, ready: () => boolean) {
    this.#workers = workers;
    addProcessMetrics(this.registry);
    this.configResults = configResults(this.registry);
    this.registry.observe("sluice_ready", "1 while /ready says so.", "gauge", [], () => [
      [[], ready() ? 1 : 0],
    ]);
    this.deaths = workerMetrics(this.registry, () =>
      workers().seats.map(({ number, state, serving }) => ({
        number,
        state,
        pages: serving === undefined ? [] : this.#added.lastSeen(serving),
      })),
    );
  }

  /** A scrape. A worker that does not answer in time counts as it did at the last one. */
  async expose(): Promise<string> {
    for (const each of await this.#workers().askAll("metrics", null))
      if ("answer" in each) this.#added.see(each.worker, each.answer);
    return exposition(this.#added.families(this.registry.families));
  }

  ended(worker: object): void {
    this.#added.end(worker);
  }

  /** Forgets plugin versions that only workers knew that are gone. */
  retain(loads: readonly PluginLoad[]): void {
    this.#added.retain(new Set(loads.map(({ plugin, version }) => `${plugin}@${version}`)));
  }
}
