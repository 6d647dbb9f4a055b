// The text in which host and isolate talk: fields one after the other, each its length in chars, a colon, and its
// chars (`5:hello`). No content can be mistaken for structure, whatever a plugin puts into it. Runs at both ends.

const ZERO = 0x30;

/** Digits of 2^53. */
const LONGEST_NUMBER = 16;

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

  /** Where the next field begins. */
  get at(): number {
    return this.#at;
  }

  /** One char that is no field. */
  letter(): string {
    return this.#text.charAt(this.#at++);
  }

  text(): string {
    const length = this.skip();
    return this.#text.slice(this.#at - length, this.#at);
  }

  /** Passes over a field; its length. */
  skip(): number {
    const length = this.#length();
    if (length > this.#text.length - this.#at)
      throw new FieldError(`a field of ${length} chars ends too early`);
    this.#at += length;
    return length;
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(): number {
    const length = this.#length();
    const end = this.#at + length;
    let value = 0;
    while (this.#at < end) {
      const digit = this.#text.charCodeAt(this.#at++) - ZERO;
      // NaN at the end of the text fails too.
      if (!(digit >= 0 && digit <= 9)) throw new FieldError("a number is expected");
      value = value * 10 + digit;
    }
    if (length === 0 || length > LONGEST_NUMBER || value > Number.MAX_SAFE_INTEGER)
      throw new FieldError("a number is expected");
    return value;
  }

  /** Reads `123:`. */
  #length(): number {
    let length = 0;
    for (let count = 0; count < 10; count++) {
      const code = this.#text.charCodeAt(this.#at++);
      if (code === 0x3a && count > 0) return length;
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
