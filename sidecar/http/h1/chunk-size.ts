import {
  byteTable,
  CARRIAGE_RETURN,
  LINE_FEED,
  TOKEN_BYTES,
  VALUE_BYTES,
} from "../../../core/headers/field-syntax.ts";
import { type Fault, illegalByte, MORE, REFUSED } from "./scan.ts";

const SIZE_START = 0;
const SIZE = 1;
const EXTENSION_START = 2;
const EXTENSION_NAME = 3;
const EXTENSION_VALUE_START = 4;
const EXTENSION_VALUE = 5;
const QUOTED = 6;
const QUOTED_PAIR = 7;
const BEHIND_QUOTED = 8;
const LF = 9;

/** 13 hex digits are 52 bits: a size stays an exact number. Leading zeros count. */
const LONGEST_SIZE = 13;

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Value of a hex digit by byte, 255 for what is none. */
const HEX_VALUES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = "0123456789abcdef".indexOf(String.fromCharCode(byte).toLowerCase());
  return digit < 0 ? 255 : digit;
});

/** RFC 9110 §5.6.4: what may stand between quotes, without the quote and the backslash. */
const QUOTED_BYTES = byteTable((byte) => VALUE_BYTES[byte] === 1 && byte !== QUOTE && byte !== BACKSLASH);

/**
 * `chunk-size [ chunk-ext ] CRLF` (RFC 9112 §7.1), byte by byte. No white space anywhere: the grammar's bad white
 * space is what smugglers use. Extensions must be well-formed and are dropped.
 */
export class ChunkSizeLine {
  readonly #maxExtension: number;
  #phase = SIZE_START;
  #digits = 0;
  #extension = 0;
  size = 0;
  fault: Fault | undefined;

  constructor(maxExtension: number) {
    this.#maxExtension = maxExtension;
  }

  /** Scans `bytes[from, end)`; where the line ended, or MORE or REFUSED. */
  scan(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (this.#phase === LF && byte === LINE_FEED) return at + 1;
      const phase = this.#phase <= SIZE ? this.#inSize(byte) : this.#inExtension(byte);
      if (phase === REFUSED) {
        this.fault ??= illegalByte(bytes, at, "in a chunk size line");
        return REFUSED;
      }
      this.#phase = phase;
    }
    return MORE;
  }

  reset(): void {
    this.#phase = SIZE_START;
    this.#digits = 0;
    this.#extension = 0;
    this.size = 0;
  }

  /** The phase behind `byte`, or REFUSED. */
  #inSize(byte: number): number {
    const digit = HEX_VALUES[byte] ?? 255;
    if (digit < 16) {
      this.size = this.size * 16 + digit;
      if (++this.#digits <= LONGEST_SIZE) return SIZE;
      return this.#refuse(`a chunk size of more than ${LONGEST_SIZE} digits`);
    }
    return this.#phase === SIZE_START ? REFUSED : behindElement(byte);
  }

  #inExtension(byte: number): number {
    if (++this.#extension > this.#maxExtension)
      return this.#refuse(`chunk extensions over ${this.#maxExtension} bytes`);
    switch (this.#phase) {
      case EXTENSION_START:
        return TOKEN_BYTES[byte] === 1 ? EXTENSION_NAME : REFUSED;
      case EXTENSION_NAME:
        if (TOKEN_BYTES[byte] === 1) return EXTENSION_NAME;
        return byte === EQUALS ? EXTENSION_VALUE_START : behindElement(byte);
      case EXTENSION_VALUE_START:
        if (byte === QUOTE) return QUOTED;
        return TOKEN_BYTES[byte] === 1 ? EXTENSION_VALUE : REFUSED;
      case EXTENSION_VALUE:
        return TOKEN_BYTES[byte] === 1 ? EXTENSION_VALUE : behindElement(byte);
      case QUOTED:
        if (byte === QUOTE) return BEHIND_QUOTED;
        if (byte === BACKSLASH) return QUOTED_PAIR;
        return QUOTED_BYTES[byte] === 1 ? QUOTED : REFUSED;
      case QUOTED_PAIR:
        return VALUE_BYTES[byte] === 1 ? QUOTED : REFUSED;
      case BEHIND_QUOTED:
        return behindElement(byte);
      default:
        return REFUSED;
    }
  }

  #refuse(detail: string): number {
    this.fault = { code: "bad_request", detail };
    return REFUSED;
  }
}

function behindElement(byte: number): number {
  if (byte === SEMICOLON) return EXTENSION_START;
  return byte === CARRIAGE_RETURN ? LF : REFUSED;
}
