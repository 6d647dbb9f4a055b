import { exposition } from "./exposition.ts";
import { LabelledFamily, type MetricFamily, type Sample } from "./family.ts";
import { Counter, Gauge, Histogram } from "./series.ts";

/** What a gauge that is read only when somebody scrapes gives: label values and a value for each series. */
export type Reading = readonly [labels: readonly string[], value: number];

const NAME = /^[a-z][a-z0-9_]*$/;

/**
 * The metrics of one process, or of one sidecar in a test: there is no global one. Names are `sluice_*` in seconds and
 * bytes, counters end in `_total`; label values come from closed lists or from configuration, never from requests.
 */
export class MetricsRegistry {
  readonly #families = new Map<string, MetricFamily>();

  counter(name: string, help: string, labels: readonly string[] = []): LabelledFamily<Counter> {
    return this.#add(new LabelledFamily({ name, help, type: "counter", labels }, () => new Counter()));
  }

  gauge(name: string, help: string, labels: readonly string[] = []): LabelledFamily<Gauge> {
    return this.#add(new LabelledFamily({ name, help, type: "gauge", labels }, () => new Gauge()));
  }

  /** `bounds` ascend; a last bucket for everything is added. */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    labels: readonly string[] = [],
  ): LabelledFamily<Histogram> {
    return this.#add(
      new LabelledFamily({ name, help, type: "histogram", labels }, () => new Histogram(bounds)),
    );
  }

  /** For what somebody else keeps count of: `read` is called at each scrape. */
  observe(
    name: string,
    help: string,
    type: "counter" | "gauge",
    labels: readonly string[],
    read: () => Iterable<Reading>,
  ): void {
    this.#add({ name, help, type, labels, samples: () => samplesOf(labels, read()) });
  }

  /** In the order in which they were registered, as the exposition has them. */
  get families(): readonly MetricFamily[] {
    return [...this.#families.values()];
  }

  /** Everything in the text format of Prometheus, version 0.0.4. */
  expose(): string {
    return exposition(this.#families.values());
  }

  #add<Family extends MetricFamily>(family: Family): Family {
    if (!NAME.test(family.name)) throw new RangeError(`${family.name} is no name for a metric`);
    if (this.#families.has(family.name)) throw new RangeError(`there are two metrics ${family.name}`);
    this.#families.set(family.name, family);
    return family;
  }
}

function* samplesOf(names: readonly string[], readings: Iterable<Reading>): Iterable<Sample> {
  for (const [values, value] of readings) {
    yield { suffix: "", labels: names.flatMap((name, index) => [name, values[index] ?? ""]), value };
  }
}
