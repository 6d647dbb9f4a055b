const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The first signal asks for an end in order, the second one for an end at once. */
export class StopSignals implements Disposable {
  readonly #stopped = Promise.withResolvers<void>();
  readonly #hurried = Promise.withResolvers<void>();
  readonly #onSignal = (): void => {
    if (this.requested) this.#hurried.resolve();
    this.requested = true;
    this.#stopped.resolve();
  };
  requested = false;

  constructor() {
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
