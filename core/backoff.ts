/** How long to wait before trying again: doubling from `first` to `ceiling`, spread by jitter. */
export interface BackoffOptions {
  /** Milliseconds of the first delay, the least of all. */
  readonly first: number;
  /** Milliseconds that no delay exceeds, jitter included. */
  readonly ceiling: number;
  /** 0 to 1, `Math.random` unless a test says otherwise. */
  readonly random?: () => number;
}

/** Each delay is up to a quarter longer than its step, so that many who failed together do not return together. */
const JITTER = 0.25;

/** Delays of one thing that is tried again and again. */
export class Backoff {
  readonly #first: number;
  readonly #ceiling: number;
  readonly #random: () => number;
  #step: number;

  constructor({ first, ceiling, random = Math.random }: BackoffOptions) {
    if (!(first > 0) || ceiling < first * (1 + JITTER))
      throw new RangeError("a backoff needs 0 < first, and a ceiling at least a quarter above it");
    this.#first = first;
    this.#ceiling = ceiling;
    this.#random = random;
    this.#step = first;
  }

  /** Milliseconds to wait now; the next ones are longer. */
  next(): number {
    const delay = this.#step * (1 + JITTER * this.#random());
    this.#step = Math.min(this.#step * 2, this.#ceiling / (1 + JITTER));
    return delay;
  }

  /** It worked: begin with the first delay again. */
  reset(): void {
    this.#step = this.#first;
  }
}
