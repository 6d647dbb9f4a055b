/** What tells a process to end; `process` itself, or an emitter in its place. */
interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
}

/** The exit code of what Ctrl-C cut short, as shells have it. */
export const CUT_CODE = 130;

/**
 * What signals mean. The first SIGTERM, SIGINT or `drain` begins a drain; a SIGINT after that cuts it short, since
 * whoever presses Ctrl-C again does not want to wait. Further ones, and SIGTERMs that come again, change nothing.
 */
export class StopSignals {
  /** Resolves when a drain is to begin, with the time in ms for which requests are still taken. */
  readonly stop: Promise<number>;
  /** Resolves when a drain is to be cut short. */
  readonly cut: Promise<void>;
  readonly #drainDelay: number;
  readonly #stop = Promise.withResolvers<number>();
  readonly #cut = Promise.withResolvers<void>();
  #stopping = false;

  constructor(source: SignalSource, drainDelay: number) {
    this.stop = this.#stop.promise;
    this.cut = this.#cut.promise;
    this.#drainDelay = drainDelay;
    source.on("SIGTERM", () => this.drain());
    // Who presses Ctrl-C does not wait for balancers.
    source.on("SIGINT", () => (this.#stopping ? this.#cut.resolve() : this.#begin(0)));
  }

  /** As SIGTERM. */
  drain(): void {
    this.#begin(this.#drainDelay);
  }

  #begin(delay: number): void {
    this.#stopping = true;
    this.#stop.resolve(delay);
  }
}
