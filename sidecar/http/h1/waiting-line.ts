import type { Deadline, Deadlines } from "../deadlines.ts";

/** What waits, and until when it does. */
interface Place<Waiting> {
  readonly waiting: Waiting;
  readonly until: number;
}

/** Those who wait for something that becomes free, first come, first served; bounded in number and in time. */
export class WaitingLine<Waiting> {
  readonly #deadlines: Deadlines;
  readonly #deadline: Deadline;
  readonly #most: number;
  readonly #patience: number;
  readonly #gaveUp: (waiting: Waiting) => void;
  readonly #places: Place<Waiting>[] = [];

  /** At most `most` wait, each for `patience` ms (0 = for ever); `gaveUp` is called with who left for that. */
  constructor(deadlines: Deadlines, most: number, patience: number, gaveUp: (waiting: Waiting) => void) {
    this.#deadlines = deadlines;
    this.#most = most;
    this.#patience = patience;
    this.#gaveUp = gaveUp;
    this.#deadline = deadlines.deadline(() => this.#expired());
  }

  get length(): number {
    return this.#places.length;
  }

  /** False if the line is full. */
  push(waiting: Waiting): boolean {
    if (this.#places.length >= this.#most) return false;
    this.#places.push({ waiting, until: this.#deadlines.now() + this.#patience });
    if (this.#places.length === 1) this.#deadline.arm(this.#patience);
    return true;
  }

  /** The first in line. */
  shift(): Waiting | undefined {
    const place = this.#places.shift();
    if (place !== undefined) this.#watchFirst();
    return place?.waiting;
  }

  remove(waiting: Waiting): void {
    const at = this.#places.findIndex((place) => place.waiting === waiting);
    if (at < 0) return;
    this.#places.splice(at, 1);
    if (at === 0) this.#watchFirst();
  }

  /** Empties the line. */
  clear(): Waiting[] {
    this.#deadline.disarm();
    return this.#places.splice(0).map(({ waiting }) => waiting);
  }

  #watchFirst(): void {
    const first = this.#places[0];
    if (first === undefined || this.#patience === 0) this.#deadline.disarm();
    else this.#deadline.arm(Math.max(1, first.until - this.#deadlines.now()));
  }

  #expired(): void {
    const now = this.#deadlines.now();
    while (this.#places[0] !== undefined && this.#places[0].until <= now) {
      const place = this.#places.shift();
      if (place !== undefined) this.#gaveUp(place.waiting);
    }
    this.#watchFirst();
  }
}
