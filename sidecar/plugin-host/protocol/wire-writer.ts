/** What a length is written as before it is known: a varint padded to four bytes, which every decoder reads. */
const LENGTH_BYTES = 4;
const CHUNK_BYTES = 64 * 1024;
/** Up to here a loop over the chars beats the call into C++ (measured on Node 26). */
const SHORT_TEXT = 24;

const LENGTH_DELIMITED = 2;

/**
 * Writes protobuf fields one after the other into a buffer that grows. What `take` handed out is not touched again
 * until `recycle`, so it may be given to a socket as it is. Zero, empty and false are proto3 defaults and are not written.
 */
export class WireWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  /** What was written and not taken yet is [#from, #at). */
  #from = 0;
  #at = 0;

  /** Bytes written and not taken yet. */
  get length(): number {
    return this.#at - this.#from;
  }

  /** Everything written since the last call. */
  take(): Buffer {
    const taken = this.#buffer.subarray(this.#from, this.#at);
    this.#from = this.#at;
    return taken;
  }

  /** Everything that was taken was used: its space is written again. */
  recycle(): void {
    if (this.#at !== this.#from) return;
    this.#from = 0;
    this.#at = 0;
  }

  /** Starts a frame: four bytes that `endFrame` makes its little-endian length. */
  beginFrame(): number {
    this.#reserve(4);
    this.#at += 4;
    return this.length;
  }

  endFrame(mark: number): void {
    this.#buffer.writeUInt32LE(this.length - mark, this.#from + mark - 4);
  }

  /** Starts a nested message; everything until `end(mark)` belongs to it. */
  begin(field: number): number {
    this.#reserve(5 + LENGTH_BYTES);
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#at += LENGTH_BYTES;
    return this.length;
  }

  end(mark: number): void {
    const buffer = this.#buffer;
    const length = this.length - mark;
    const at = this.#from + mark - LENGTH_BYTES;
    buffer[at] = (length & 0x7f) | 0x80;
    buffer[at + 1] = ((length >>> 7) & 0x7f) | 0x80;
    buffer[at + 2] = ((length >>> 14) & 0x7f) | 0x80;
    buffer[at + 3] = (length >>> 21) & 0x7f;
  }

  /** An unsigned integer up to 2^53 - 1. */
  uint(field: number, value: number): void {
    if (value === 0) return;
    this.#reserve(20);
    this.#varint(field * 8);
    this.#varint(value);
  }

  bool(field: number, value: boolean): void {
    if (value) this.uint(field, 1);
  }

  /** proto3 packs repeated numbers. */
  uints(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const mark = this.begin(field);
    this.#reserve(values.length * 10);
    for (const value of values) this.#varint(value);
    this.end(mark);
  }

  latin1(field: number, value: string): void {
    if (value.length > 0) this.latin1Item(field, value);
  }

  /** One of a repeated field: the empty one counts too. */
  latin1Item(field: number, value: string): void {
    const length = value.length;
    this.#reserve(15 + length);
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#varint(length);
    if (length > SHORT_TEXT) {
      this.#at += this.#buffer.write(value, this.#at, length, "latin1");
      return;
    }
    const buffer = this.#buffer;
    let at = this.#at;
    for (let i = 0; i < length; i++) buffer[at++] = value.charCodeAt(i);
    this.#at = at;
  }

  utf8(field: number, value: string): void {
    if (value.length > 0) this.utf8Item(field, value);
  }

  utf8Item(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#reserve(15 + length);
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#varint(length);
    this.#at += this.#buffer.write(value, this.#at, length, "utf8");
  }

  bytes(field: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.#reserve(15 + value.length);
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#varint(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }

  #varint(value: number): void {
    const buffer = this.#buffer;
    let at = this.#at;
    let rest = value;
    // Bit operations stop at 32 bits; what is above is divided.
    while (rest > 0xffff_ffff) {
      buffer[at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest > 0x7f) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at++] = rest;
    this.#at = at;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const pending = this.length;
    const grown = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, 2 * (pending + bytes)));
    this.#buffer.copy(grown, 0, this.#from, this.#at);
    this.#buffer = grown;
    this.#from = 0;
    this.#at = pending;
  }
}
