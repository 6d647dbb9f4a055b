/** What can be open: it keeps its own place, which belongs to `OpenStreams`. */
export interface Placed {
  place: number;
}

/**
 * The exchanges or calls that are open on one session, in no order. Not a Set: one that is added to and deleted from
 * with each request makes a table anew every few dozen of them, and V8 keeps a table that came into the old generation,
 * all that follow it, and whatever stood in them, until the next collection of that generation (measured on Node 26).
 */
export class OpenStreams<Item extends Placed> {
  /** As long as there were ever items at a time; never shorter. */
  readonly #items: (Item | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** An item that is in no other collection. */
  add(item: Item): void {
    item.place = this.#free.pop() ?? this.#items.length;
    this.#items[item.place] = item;
  }

  /** Without effect on what is not there. */
  delete(item: Item): void {
    if (this.#items[item.place] !== item) return;
    this.#items[item.place] = undefined;
    this.#free.push(item.place);
  }

  /** Items may be added and deleted by what is called. */
  forEach(visit: (item: Item) => void): void {
    for (const item of this.#items) if (item !== undefined) visit(item);
  }
}
