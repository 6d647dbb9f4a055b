import type { Clock } from "../../core/clock.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** ms; npm passes the terminal's Ctrl-C on to whom the terminal has told already: within this it is the same one. */
const SAME = 1_000;

/** The first signal asks for an end in order, the second one for an end at once. */
export class StopSignals implements Disposable {
  readonly #stopped = Promise.withResolvers<void>();
  readonly #hurried = Promise.withResolvers<void>();
  readonly #onSignal = (): void => {
    const now = this.#clock.now();
    this.#firstAt ??= now;
    if (now - this.#firstAt >= SAME) this.#hurried.resolve();
    this.#stopped.resolve();
  };
  readonly #clock: Clock;
  /** Undefined: there was none. */
  #firstAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  get hurried(): Promise<void> {
    return this.#hurried.promise;
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
