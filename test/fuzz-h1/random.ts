export type Choices = readonly [string, ...string[]];

/** What stands in one place of a message: what usually does, and what parsers fall out about. */
export interface Place {
  readonly usual: Choices;
  readonly odd: Choices;
}

/** Choices that a seed determines (mulberry32), so that any case can be made again from its number. */
export class Random {
  #state: number;
  /** Something odd comes once in so many places; 0 = never. Half of all cases are legal throughout. */
  readonly #oddities: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
    this.#oddities = this.pick([0, 0, 15, 60]);
  }

  /** From 0 up to but without `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  }

  /** True once in `n` times. */
  once(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** Whether to do something odd here. */
  oddly(): boolean {
    return this.#oddities > 0 && this.once(this.#oddities);
  }

  at(place: Place): string {
    return this.pick(this.oddly() ? place.odd : place.usual);
  }

  /** `make` called `count` times. */
  times<T>(count: number, make: () => T): T[] {
    return Array.from({ length: count }, make);
  }
}
