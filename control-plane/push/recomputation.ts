import type { Clock, Timer } from "../../core/clock.ts";

/** Changes that come closer together than this are one, ms. */
const QUIET = 20;
/** But none waits longer than this, ms. */
const LONGEST_WAIT = 200;
/** Nodes that are computed before others have a turn. */
const SLICE = 50;

/**
 * Which nodes' snapshots are to be made again: each waits at most once, however often it is marked, and a large fleet
 * is done in slices, so that streams are served in between.
 */
export class Recomputation<Item> implements Disposable {
  readonly #clock: Clock;
  readonly #compute: (item: Item) => void;
  readonly #marked = new Set<Item>();
  #firstMarkedAt = 0;
  #timer: Timer | undefined;
  #slice: NodeJS.Immediate | undefined;

  constructor(clock: Clock, compute: (item: Item) => void) {
    this.#clock = clock;
    this.#compute = compute;
  }

  get waiting(): number {
    return this.#marked.size;
  }

  mark(items: Iterable<Item>): void {
    const wasEmpty = this.#marked.size === 0;
    for (const item of items) this.#marked.add(item);
    if (this.#marked.size === 0 || this.#slice !== undefined) return;
    if (wasEmpty) this.#firstMarkedAt = this.#clock.now();
    this.#timer?.[Symbol.dispose]();
    const latest = this.#firstMarkedAt + LONGEST_WAIT - this.#clock.now();
    this.#timer = this.#clock.after(Math.min(QUIET, Math.max(0, latest)), () => this.#run());
  }

  forget(item: Item): void {
    this.#marked.delete(item);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    clearImmediate(this.#slice);
    this.#marked.clear();
  }

  #run(): void {
    this.#slice = undefined;
    let left = SLICE;
    for (const item of this.#marked) {
      if (left-- === 0) break;
      this.#marked.delete(item);
      this.#compute(item);
    }
    if (this.#marked.size > 0) this.#slice = setImmediate(() => this.#run());
  }
}
