import type { Sending } from "./pending-run.ts";

/** As many may be in a table: 13 bits of an id are the place, the others count. */
export const MAX_SENDINGS = 8192;
const MAX_USES = 0xffff_ffff / MAX_SENDINGS - 1;

/**
 * What a host was asked and has not answered, by its id on the wire. Places that are used again and not a `Map`: see
 * `LiveRuns` of the plugin host for what a Map that is always filled and emptied does to garbage collection.
 */
export class Sendings {
  readonly #places: (Sending | undefined)[] = [];
  readonly #free: number[] = [];
  #uses = 0;

  get size(): number {
    return this.#places.length - this.#free.length;
  }

  /** The id under which the next one is to be added. */
  nextId(): number {
    this.#uses = this.#uses >= MAX_USES ? 1 : this.#uses + 1;
    return this.#uses * MAX_SENDINGS + (this.#free.at(-1) ?? this.#places.length);
  }

  /** Adds one with an id of `nextId`, or one that was deleted just now. */
  add(sending: Sending): void {
    const place = sending.id % MAX_SENDINGS;
    if (place < this.#places.length) this.#take(place);
    this.#places[place] = sending;
  }

  #take(place: number): void {
    // Nearly always: what `nextId` gave is what is added next.
    if (this.#free.at(-1) === place) this.#free.pop();
    else this.#free.splice(this.#free.lastIndexOf(place), 1);
  }

  get(id: number): Sending | undefined {
    const sending = this.#places[id % MAX_SENDINGS];
    return sending?.id === id ? sending : undefined;
  }

  delete(id: number): void {
    if (this.get(id) === undefined) return;
    const place = id % MAX_SENDINGS;
    this.#places[place] = undefined;
    this.#free.push(place);
  }

  clear(): void {
    this.#places.length = 0;
    this.#free.length = 0;
  }

  *[Symbol.iterator](): Iterator<Sending> {
    for (const sending of this.#places) if (sending !== undefined) yield sending;
  }
}
