import { Backoff } from "../../core/backoff.ts";
import type { Clock } from "../../core/clock.ts";
import { blameFor } from "./failure-policy.ts";
import type { BreakerState } from "./observer.ts";
import type { FailureCause, Verdict } from "./verdict.ts";

/** One bit for each of the last 20 answers. */
const WINDOW = 0xf_ffff;
const FAILURES_TO_TRIP = 5;
const PROBES = { first: 1_000, ceiling: 60_000 } as const;
/** Beyond its deadline: a probe that is silent for so long has failed, whatever became of it. */
const PROBE_GRACE = 1_000;

export interface BreakerOptions {
  readonly clock: Clock;
  /** Of the jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  readonly onChange?: ((state: BreakerState) => void) | undefined;
}

/**
 * Stops asking a generation that keeps failing: after 5 failures among its last 20 answers, at once after a CPU
 * overrun. While tripped its policy answers; from time to time one probe, whose verdict no traffic sees, finds out
 * whether it works again.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #onChange: ((state: BreakerState) => void) | undefined;
  #state: BreakerState = "admitting";
  #history = 0;
  /** tripped: when a probe is due; probing: when the probe counts as failed. */
  #until = 0;

  constructor({ clock, random = Math.random, onChange }: BreakerOptions) {
    this.#clock = clock;
    this.#backoff = new Backoff({ ...PROBES, random });
    this.#onChange = onChange;
  }

  get state(): BreakerState {
    return this.#state;
  }

  get admitting(): boolean {
    return this.#state === "admitting";
  }

  /** Takes an answer to a question that traffic asked. Answers that arrive after the trip say nothing new. */
  record(verdict: Verdict): void {
    if (this.#state !== "admitting") return;
    const blame = verdict.kind === "failed" ? blameFor(verdict.cause) : "none";
    if (blame === "neutral") return;
    this.#history = ((this.#history << 1) | (blame === "none" ? 0 : 1)) & WINDOW;
    if (blame === "trips" || (blame === "counts" && ones(this.#history) >= FAILURES_TO_TRIP)) this.#trip();
  }

  /** True for exactly one caller when a probe is due; that one must probe and call `probed`, by `deadline`. */
  takeProbe(deadline: number): boolean {
    if (this.#state === "admitting" || this.#clock.now() < this.#until) return false;
    if (this.#state === "probing") {
      this.#trip();
      return false;
    }
    this.#until = deadline + PROBE_GRACE;
    this.#change("probing");
    return true;
  }

  /** What came of the probe. One that had to wait proves nothing: the next is due soon, the back-off stays. */
  probed(verdict: Verdict): void {
    if (this.#state !== "probing") return;
    if (verdict.kind === "failed") return this.#tripFor(this.#delayAfter(verdict.cause));
    this.#history = 0;
    this.#backoff.reset();
    this.#change("admitting");
  }

  #trip(): void {
    this.#tripFor(this.#backoff.next());
  }

  #delayAfter(cause: FailureCause): number {
    return blameFor(cause) === "neutral" ? PROBES.first : this.#backoff.next();
  }

  #tripFor(delay: number): void {
    this.#until = this.#clock.now() + delay;
    this.#change("tripped");
  }

  #change(state: BreakerState): void {
    this.#state = state;
    this.#onChange?.(state);
  }
}

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
