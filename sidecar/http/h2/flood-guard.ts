import type { Clock } from "../../../core/clock.ts";

/** Frames at once, and a second afterwards. gRPC's bandwidth probes ping once a round trip while they grow. */
const BURST = 1_000;
const RATE = 100;

/**
 * A bucket for frames that cost us an answer and the peer nothing: PING, SETTINGS, heads that are refused. nghttp2
 * bounds the answers that wait for a peer who does not read; this bounds those of a peer who does.
 */
export class FloodGuard {
  readonly #clock: Clock;
  #tokens = BURST;
  #filledAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#filledAt = clock.now();
  }

  /** Counts a frame; false when there have been too many. */
  admit(): boolean {
    if (this.#tokens < 1) this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #refill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(BURST, ((now - this.#filledAt) * RATE) / 1000);
    this.#filledAt = now;
  }
}
