/**
 * Results of a pure function by its argument, so that what repeats is made once. Forgets everything when full: the
 * keys may come from clients, and a memory that they fill must stay small.
 */
export class Remembered<Value> {
  readonly #make: (key: string) => Value;
  readonly #capacity: number;
  readonly #values = new Map<string, Value>();

  constructor(capacity: number, make: (key: string) => Value) {
    this.#capacity = capacity;
    this.#make = make;
  }

  get(key: string): Value {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = this.#make(key);
    if (this.#values.size >= this.#capacity) this.#values.clear();
    this.#values.set(key, value);
    return value;
  }
}
