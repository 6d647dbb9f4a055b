const FIRST_CAPACITY = 1024;

/** Gathers the bytes of what came in more than one chunk. Doubles its room, so that each byte is copied O(1) times. */
export class SplitHead {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  /** Only the first `length` bytes mean anything. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  append(chunk: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) this.#grow(length);
    chunk.copy(this.#bytes, this.#length, start, end);
    this.#length = length;
  }

  clear(): void {
    if (this.#length === 0) return;
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
  }

  #grow(needed: number): void {
    const wider = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2, FIRST_CAPACITY));
    this.#bytes.copy(wider, 0, 0, this.#length);
    this.#bytes = wider;
  }
}
