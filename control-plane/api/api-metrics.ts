import type { MetricsRegistry } from "../../core/metrics/registry.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What the REST API counts; labels come from the table of endpoints. */
export class ApiMetrics {
  readonly #requests;
  readonly #seconds;

  constructor(registry: MetricsRegistry, watches: () => number) {
    this.#requests = registry.counter("sluice_cp_api_requests_total", "Answered requests.", [
      "endpoint",
      "status",
    ]);
    this.#seconds = registry.histogram(
      "sluice_cp_api_request_duration_seconds",
      "From the head of a request to the end of its answer; without watches and uploads.",
      SECONDS,
      ["endpoint"],
    );
    registry.observe("sluice_cp_api_watches", "Open watches.", "gauge", [], () => [[[], watches()]]);
  }

  /** `seconds`: undefined for what lasts as long as the client wants. */
  answered(endpoint: string, status: number, seconds: number | undefined): void {
    this.#requests.with(endpoint, String(status)).add();
    if (seconds !== undefined) this.#seconds.with(endpoint).observe(seconds);
  }
}
