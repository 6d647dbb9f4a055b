import { ProtocolError } from "./protocol-error.ts";

/** Items of repeated fields in one frame, all lists together: a frame cannot ask for many times its size. */
export const MAX_ITEMS = 200_000;
/** Up to here building from chars beats the call into C++ (measured on Node 26). */
const SHORT_TEXT = 8;

const NOTHING = Buffer.alloc(0);

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/**
 * Reads protobuf fields from a part of a buffer. Every length is checked against what is there before anything is
 * allocated for it; whatever does not fit is a `ProtocolError`. One reader serves any number of frames.
 */
export class WireReader {
  #buffer: Buffer = NOTHING;
  #at = 0;
  #end = 0;
  #items = 0;
  /** Wire type of the field whose number `field` returned last. */
  #type = 0;

  /** Begins with the bytes [from, to). */
  reset(buffer: Buffer, from: number, to: number): void {
    this.#buffer = buffer;
    this.#at = from;
    this.#end = to;
    this.#items = 0;
  }

  /** Lets go of the last buffer. */
  release(): void {
    this.reset(NOTHING, 0, 0);
  }

  /** Whether bytes of the message entered last are left. */
  get more(): boolean {
    return this.#at < this.#end;
  }

  /** The number of the next field; then exactly one of the methods below reads or skips its value. */
  field(): number {
    const tag = this.#varint32();
    this.#type = tag & 7;
    return tag >>> 3;
  }

  /** Enters the message that is the field's value; returns what `leave` needs. */
  enter(): number {
    const length = this.#length();
    const outer = this.#end;
    this.#end = this.#at + length;
    return outer;
  }

  /** Back to the message around the one whose bytes were all read. */
  leave(outer: number): void {
    this.#end = outer;
  }

  /** Counts one item of a repeated field. */
  item(): void {
    if (++this.#items > MAX_ITEMS) throw new ProtocolError(`more than ${MAX_ITEMS} items in one frame`);
  }

  uint32(): number {
    this.#expect(VARINT);
    return this.#varint32();
  }

  /** Refuses what a JavaScript number cannot hold exactly. */
  uint64(): number {
    this.#expect(VARINT);
    return this.#varint();
  }

  bool(): boolean {
    return this.uint64() !== 0;
  }

  /** Numbers of a repeated field, packed or one by one. */
  uints(into: number[]): void {
    if (this.#type === VARINT) {
      this.item();
      into.push(this.#varint32());
      return;
    }
    const outer = this.enter();
    while (this.more) {
      this.item();
      into.push(this.#varint32());
    }
    this.leave(outer);
  }

  latin1(): string {
    const length = this.#length();
    const from = this.#at;
    this.#at = from + length;
    if (length > SHORT_TEXT) return this.#buffer.toString("latin1", from, this.#at);
    let text = "";
    for (let at = from; at < this.#at; at++) text += String.fromCharCode(this.#buffer[at] ?? 0);
    return text;
  }

  utf8(): string {
    const length = this.#length();
    const from = this.#at;
    this.#at = from + length;
    return this.#buffer.toString("utf8", from, this.#at);
  }

  /** A copy, since the buffer is used again. */
  bytes(): Buffer {
    const length = this.#length();
    const from = this.#at;
    this.#at = from + length;
    return Buffer.from(this.#buffer.subarray(from, this.#at));
  }

  /** Passes over a field that nobody knows. */
  skip(): void {
    if (this.#type === VARINT) this.#varint();
    else if (this.#type === LENGTH_DELIMITED) this.#pass(this.#varint32());
    else if (this.#type === FIXED64) this.#pass(8);
    else if (this.#type === FIXED32) this.#pass(4);
    else throw new ProtocolError(`unknown wire type ${this.#type}`);
  }

  #varint32(): number {
    const first = this.#buffer[this.#at] ?? 0;
    if (first < 0x80 && this.#at < this.#end) {
      this.#at++;
      return first;
    }
    const value = this.#varint();
    if (value > 0xffff_ffff) throw new ProtocolError(`${value} does not fit 32 bits`);
    return value;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.#at >= this.#end) throw new ProtocolError("a number ends too early");
      const byte = this.#buffer[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw new ProtocolError("a number is over 2^53");
        return value;
      }
      scale *= 0x80;
    }
    throw new ProtocolError("a number has more than ten bytes");
  }

  #length(): number {
    this.#expect(LENGTH_DELIMITED);
    const length = this.#varint32();
    if (length > this.#end - this.#at) throw new ProtocolError("a field is longer than its message");
    return length;
  }

  #pass(bytes: number): void {
    if (bytes > this.#end - this.#at) throw new ProtocolError("a field is longer than its message");
    this.#at += bytes;
  }

  #expect(type: number): void {
    if (this.#type !== type) throw new ProtocolError(`wire type ${this.#type} where ${type} belongs`);
  }
}
