// The text in which host and isolate talk: fields one after the other, each its length in chars, a colon, and its
// chars (`5:hello`). No content can be mistaken for structure, whatever a plugin puts into it. Runs at both ends.

/** One field. */
export function field(text: string): string {
  return `${text.length}:${text}`;
}

/** Reads fields; throws a `FieldError` for what is not one. */
export class FieldReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get more(): boolean {
    return this.#at < this.#text.length;
  }

  text(): string {
    const start = this.#at + this.#digits() + 1;
    const end = start + this.#length;
    if (end > this.#text.length) throw new FieldError(`a field of ${this.#length} chars ends too early`);
    this.#at = end;
    return this.#text.slice(start, end);
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(): number {
    const text = this.text();
    const value = Number(text);
    if (text === "" || !Number.isSafeInteger(value) || value < 0)
      throw new FieldError("a number is expected");
    return value;
  }

  #length = 0;

  /** How many digits the next length has; leaves its value in `#length`. */
  #digits(): number {
    let length = 0;
    for (let count = 0; count < 10; count++) {
      const code = this.#text.charCodeAt(this.#at + count);
      if (code === 0x3a && count > 0) {
        this.#length = length;
        return count;
      }
      // NaN at the end fails too.
      if (!(code >= 0x30 && code <= 0x39)) break;
      length = length * 10 + (code - 0x30);
    }
    throw new FieldError("a length is expected");
  }
}

export class FieldError extends Error {
  override readonly name = "FieldError";
}
