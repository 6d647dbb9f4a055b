import type { Clock, Timer } from "./clock.ts";

interface Entry {
  due: number;
  readonly period: number | undefined;
  readonly run: () => void;
}

/**
 * Time that moves only when a test moves it. Timers run synchronously within `advance`, in the order in which they
 * are due (among equals: in which they were started), and see their own due time as `now`.
 */
export class ManualClock implements Clock {
  readonly #wallAtZero: number;
  readonly #entries = new Set<Entry>();
  #now = 0;

  /** `wallAtZero`: the wall clock when `now` is 0. Default: 2026-01-01T00:00:00Z. */
  constructor(wallAtZero: number = Date.UTC(2026, 0, 1)) {
    this.#wallAtZero = wallAtZero;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallAtZero + this.#now;
  }

  after(delay: number, run: () => void): Timer {
    return this.#start(delay, undefined, run);
  }

  every(period: number, run: () => void): Timer {
    if (!(period > 0)) throw new RangeError("a repeating timer needs a period above 0");
    return this.#start(period, period, run);
  }

  /** Timers that have yet to run; 0 shows that nothing leaked one. */
  get pending(): number {
    return this.#entries.size;
  }

  /** Moves time on by `milliseconds` and runs what falls due on the way, timers started on the way included. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#nextDue(end); next !== undefined; next = this.#nextDue(end)) {
      this.#now = Math.max(this.#now, next.due);
      if (next.period === undefined) this.#entries.delete(next);
      else next.due += next.period;
      next.run();
    }
    this.#now = end;
  }

  #start(delay: number, period: number | undefined, run: () => void): Timer {
    const entry: Entry = { due: this.#now + Math.max(0, delay), period, run };
    this.#entries.add(entry);
    const timer: Timer = { unref: () => timer, [Symbol.dispose]: () => void this.#entries.delete(entry) };
    return timer;
  }

  #nextDue(end: number): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of this.#entries)
      if (entry.due <= end && (next === undefined || entry.due < next.due)) next = entry;
    return next;
  }
}
