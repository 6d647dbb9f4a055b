/** A piece shorter than this, bytes, is small: what node keeps around it may be more than the piece. */
export const SMALL_PIECE = 1024;

const CAPACITY = 16 * 1024;

/**
 * Small pieces of a body, gathered while others wait. node keeps some 150 bytes around each piece that waits, however
 * short: who sends single bytes to somebody who does not read had 10 MB kept for 64 KiB of a body.
 */
export class SmallPieces {
  /** Grows with what is added, up to the capacity. */
  #bytes = Buffer.allocUnsafeSlow(SMALL_PIECE);
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** False: it has to be emptied before. */
  add(piece: Buffer): boolean {
    const length = this.#length + piece.length;
    if (length > CAPACITY) return false;
    if (length > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * this.#bytes.length);
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
    return true;
  }

  /** All that was added, in one. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }
}
