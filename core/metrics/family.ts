/** One line of a scrape: what is behind the family's name, and the value. */
export interface Sample {
  /** Behind the family's name: `_bucket`, `_sum`, `_count` or nothing. */
  readonly suffix: string;
  /** Names and values in turn. */
  readonly labels: readonly string[];
  readonly value: number;
}

export type MetricType = "counter" | "gauge" | "histogram";

/** One metric with all its series, as a scrape reads it. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  /** Names of the labels that every sample has; a bucket has `le` beside them. */
  readonly labels: readonly string[];
  samples(): Iterable<Sample>;
}

/** Series of one family beyond which further label values share one: a mistake must not eat the memory. */
const MOST_SERIES = 5_000;
const OVERFLOW = "_other";

/**
 * Series by their label values. Whoever counts on the path of a request asks once for its series and keeps it:
 * finding one costs a look-up, counting in it an addition.
 */
export class LabelledFamily<Series extends { samples(labels: readonly string[]): Iterable<Sample> }> {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly #make: () => Series;
  readonly #series = new Map<string, { readonly values: readonly string[]; readonly series: Series }>();

  constructor(head: Omit<MetricFamily, "samples">, make: () => Series) {
    this.name = head.name;
    this.help = head.help;
    this.type = head.type;
    this.labels = head.labels;
    this.#make = make;
  }

  /** The series of these values, in the order of the label names; made when it is first asked for. */
  with(...values: readonly string[]): Series {
    const known = this.#series.get(values.join("\0"));
    if (known !== undefined) return known.series;
    const kept = this.#series.size < MOST_SERIES ? values : values.map(() => OVERFLOW);
    const key = kept.join("\0");
    const series = this.#series.get(key)?.series ?? this.#make();
    this.#series.set(key, { values: kept, series });
    return series;
  }

  /** Forgets the series whose values do not pass; one that somebody still counts in is not scraped any more. */
  retain(passes: (values: readonly string[]) => boolean): void {
    for (const [key, { values }] of this.#series) if (!passes(values)) this.#series.delete(key);
  }

  *samples(): Iterable<Sample> {
    for (const { values, series } of this.#series.values()) {
      yield* series.samples(this.labels.flatMap((name, index) => [name, values[index] ?? ""]));
    }
  }
}
