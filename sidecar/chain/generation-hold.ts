import type { Clock, Timer } from "../../core/clock.ts";
import type { Generation } from "./generation.ts";

/** How long exchanges may go on with the generations they began with, ms. */
export const GENERATION_DRAIN = 30_000;

/**
 * Keeps a chain's generations loaded: from composing until the chain was superseded and the last exchange that
 * began with it is over, or `drain` ms after it was superseded. What goes on after that finds its generations
 * expired.
 */
export class GenerationHold {
  readonly #generations: readonly Generation[];
  readonly #clock: Clock;
  readonly #drain: number;
  #inFlight = 0;
  #state: "in_force" | "draining" | "released" = "in_force";
  #timer: Timer | undefined;

  constructor(generations: readonly Generation[], clock: Clock, drain: number = GENERATION_DRAIN) {
    this.#generations = generations;
    this.#clock = clock;
    this.#drain = drain;
    for (const generation of generations) generation.acquire();
  }

  /** Exchanges that began and are not over, those asked in the background included. */
  get inFlight(): number {
    return this.#inFlight;
  }

  enter(): void {
    this.#inFlight++;
  }

  leave(): void {
    this.#inFlight--;
    if (this.#state === "draining" && this.#inFlight === 0) this.#release();
  }

  /** No exchange begins with this chain any more. */
  supersede(): void {
    if (this.#state !== "in_force") return;
    this.#state = "draining";
    for (const generation of this.#generations) generation.retire();
    if (this.#inFlight === 0) return this.#release();
    this.#timer = this.#clock.after(this.#drain, () => this.#release()).unref();
  }

  #release(): void {
    this.#state = "released";
    this.#timer?.[Symbol.dispose]();
    for (const generation of this.#generations) generation.release();
  }
}
