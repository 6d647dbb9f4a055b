import type { Clock } from "../../core/clock.ts";

/** Messages that a node may send at once, and in a second from then on: far beyond what one has to say. */
const BURST = 1_000;
const RATE = 100;

/** How much a node may say; whoever says more is read from later, so what it sends waits at its side. */
export class MessageBudget {
  readonly #clock: Clock;
  #left = BURST;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.now();
  }

  /** Takes one message, or a long one that costs as much as several; answers how long to read nothing now, ms, 0: read on. */
  take(cost = 1): number {
    const now = this.#clock.now();
    this.#left = Math.min(BURST, this.#left + ((now - this.#at) * RATE) / 1_000) - cost;
    this.#at = now;
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left * 1_000) / RATE);
  }
}
