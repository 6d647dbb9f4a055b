import { performance } from "node:perf_hooks";

/** A started timer; disposing of it twice is harmless. */
export interface Timer extends Disposable {
  /** Let the process end although the timer is running. */
  unref(): this;
}

/** Time as a dependency, so that tests own it. All values are milliseconds. */
export interface Clock {
  /** Monotonic; only differences mean something. */
  now(): number;
  /** Wall clock, for logs and for what leaves the process; orders nothing. */
  wall(): number;
  after(delay: number, run: () => void): Timer;
  /** Repeats until disposed of. */
  every(period: number, run: () => void): Timer;
}

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout;

  constructor(handle: NodeJS.Timeout) {
    this.#handle = handle;
  }

  unref(): this {
    this.#handle.unref();
    return this;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#handle);
  }
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (delay, run) => new SystemTimer(setTimeout(run, delay)),
  // oxlint-disable-next-line no-restricted-globals -- this is where the clock is made
  every: (period, run) => new SystemTimer(setInterval(run, period)),
};
