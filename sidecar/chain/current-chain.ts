import type { Clock } from "../../core/clock.ts";
import { Background } from "./background.ts";
import { Breakers } from "./breakers.ts";
import type { ChainRuntime } from "./chain-runtime.ts";
import type { Chain, ChainPass, RequestFacts } from "./chain.ts";
import { ComposedChain } from "./compose.ts";
import type { ChainSpec } from "./entry.ts";
import { entryStatus, type EntryStatus } from "./entry-status.ts";
import type { ChainObserver } from "./observer.ts";

export interface CurrentChainOptions {
  readonly clock: Clock;
  readonly observer: ChainObserver;
  /** See `GENERATION_DRAIN`. Default 30 s. */
  readonly generationDrain?: number;
  /** See `BACKGROUND_LIMIT`. Default 64. */
  readonly backgroundLimit?: number;
  /** Of the breakers' jitter. Default `Math.random`. */
  readonly random?: () => number;
}

const NO_ENTRIES: ChainSpec = { entries: [], deadlines: [0, 0] };

/**
 * The chain that new exchanges begin with: the one thing that changes when a configuration is applied or a plugin
 * reloaded. Empty until the first `swap`.
 */
export class CurrentChain implements Chain, Disposable {
  readonly #runtime: ChainRuntime;
  readonly #breakers: Breakers;
  readonly #generationDrain: number | undefined;
  #chain: ComposedChain;

  constructor({ clock, observer, generationDrain, backgroundLimit, random }: CurrentChainOptions) {
    this.#runtime = {
      clock,
      observer,
      background: new Background(backgroundLimit),
      currentEntry: (target) => this.#chain.entryOf(target),
    };
    this.#breakers = new Breakers({ clock, random }, observer);
    this.#generationDrain = generationDrain;
    this.#chain = this.#compose(NO_ENTRIES);
  }

  get empty(): boolean {
    return this.#chain.empty;
  }

  begin(facts: RequestFacts): ChainPass | undefined {
    return this.#chain.begin(facts);
  }

  /** Composes, then swaps; exchanges under way go on with what they began with. Throws only on impossible specs. */
  swap(spec: ChainSpec): void {
    const superseded = this.#chain;
    this.#chain = this.#compose(spec);
    superseded.supersede();
  }

  /** How each entry stands right now, in order. */
  get status(): readonly EntryStatus[] {
    return this.#chain.entries.map(entryStatus);
  }

  /** Gives the generations back; exchanges that begin afterwards meet an empty chain. */
  [Symbol.dispose](): void {
    this.swap(NO_ENTRIES);
  }

  #compose(spec: ChainSpec): ComposedChain {
    return new ComposedChain(spec, this.#runtime, this.#breakers, this.#generationDrain);
  }
}
