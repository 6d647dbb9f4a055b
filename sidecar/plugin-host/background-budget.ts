import { BACKGROUND_SHARE } from "./limits.ts";

/** CPU, in ms, that may be used in one go before the share is enforced. */
const BURST = 10;

/** Keeps what a generation does for nobody (timers, late answers of fetches) at a share of the CPU. */
export class BackgroundBudget {
  /** When all that was used is paid for. */
  #paidAt = 0;

  /** After an entry of `cpu` ms. */
  spend(cpu: number): void {
    this.#paidAt = Math.max(performance.now(), this.#paidAt) + cpu / BACKGROUND_SHARE;
  }

  /** Milliseconds to wait before the next entry. */
  get debt(): number {
    return Math.max(0, this.#paidAt - performance.now() - BURST / BACKGROUND_SHARE);
  }
}
