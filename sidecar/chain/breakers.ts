import { Breaker, type BreakerOptions } from "./breaker.ts";
import type { Generation } from "./generation.ts";
import type { ChainObserver } from "./observer.ts";

/** One breaker for each generation, kept when a new chain takes a generation over. */
export class Breakers {
  readonly #byGeneration = new WeakMap<Generation, Breaker>();
  readonly #options: BreakerOptions;
  readonly #observer: ChainObserver;

  constructor(options: Omit<BreakerOptions, "onChange">, observer: ChainObserver) {
    this.#options = options;
    this.#observer = observer;
  }

  of(generation: Generation): Breaker {
    const known = this.#byGeneration.get(generation);
    if (known !== undefined) return known;
    const breaker = new Breaker({
      ...this.#options,
      onChange: (state) => this.#observer.breakerChanged(generation, state),
    });
    this.#byGeneration.set(generation, breaker);
    return breaker;
  }
}
