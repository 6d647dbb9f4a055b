import type { Sample } from "./family.ts";

/** Only grows. */
export class Counter {
  #value = 0;

  add(amount = 1): void {
    this.#value += amount;
  }

  samples(labels: readonly string[]): Iterable<Sample> {
    return [{ suffix: "", labels, value: this.#value }];
  }
}

/** Goes up and down. */
export class Gauge {
  #value = 0;

  add(amount: number): void {
    this.#value += amount;
  }

  set(value: number): void {
    this.#value = value;
  }

  samples(labels: readonly string[]): Iterable<Sample> {
    return [{ suffix: "", labels, value: this.#value }];
  }
}

/** How many observations were at most as large as each bound, and their sum. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** One for each bound and one for what is beyond the last; not cumulative until they are read. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    // Most observations fall into the first buckets: a walk finds them sooner than halving does.
    while (index < bounds.length && value > (bounds[index] ?? 0)) index++;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  *samples(labels: readonly string[]): Iterable<Sample> {
    let count = 0;
    for (const [index, inBucket] of this.#counts.entries()) {
      count += inBucket;
      const bound = this.#bounds[index];
      const le = bound === undefined ? "+Inf" : String(bound);
      yield { suffix: "_bucket", labels: [...labels, "le", le], value: count };
    }
    yield { suffix: "_sum", labels, value: this.#sum };
    yield { suffix: "_count", labels, value: count };
  }
}
