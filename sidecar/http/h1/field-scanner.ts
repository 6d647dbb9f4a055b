import {
  CARRIAGE_RETURN,
  COLON,
  LINE_FEED,
  SPACE,
  TAB,
  TOKEN_BYTES,
  VALUE_BYTES,
} from "../../../core/headers/field-syntax.ts";
import { OFFSETS_PER_FIELD } from "../../../core/headers/header-block.ts";
import { copyOffsets } from "../../../core/headers/offsets.ts";
import { FIELD, KNOWN_NAMES, knownFieldInBytes } from "../../../core/headers/known-fields.ts";
import { type Fault, illegalByte, MORE, REFUSED } from "./scan.ts";

/** Where in a field line the next byte stands. */
const NAME_START = 0;
const NAME = 1;
const BEFORE_VALUE = 2;
const VALUE = 3;
const LINE_END = 4;
const SECTION_END = 5;

/** Room for offsets that fits nearly every head at once. */
const FIRST_FIELDS = 32;

/** What a scan found of the fields that matter to a wire (known-fields.ts). */
export interface KnownFieldIndex {
  /** Index of the first field line of this kind, or -1. */
  first(known: number): number;
  /** Whether there is more than one line of it. */
  repeats(known: number): boolean;
}

/**
 * Field lines (RFC 9112 §5) up to and with the empty line behind them: heads and trailers. Every byte is looked at
 * once; the scan stops after any byte and goes on with the next. What is kept is where names and values are, counted
 * from the start of what is scanned, and which known fields were seen.
 */
export class FieldScanner implements KnownFieldIndex {
  readonly #maxFields: number;
  #phase = NAME_START;
  #offsets = new Uint32Array(FIRST_FIELDS * OFFSETS_PER_FIELD);
  #length = 0;
  /** One bit for each known field, so that a new head needs no table cleared. */
  #seen = 0;
  #repeated = 0;
  readonly #firsts = new Uint32Array(KNOWN_NAMES.length);
  /** Set when `scan` gave REFUSED. */
  fault: Fault | undefined;

  constructor(maxFields: number) {
    this.#maxFields = maxFields;
  }

  /** Scans `bytes[from, end)`, where what is scanned began at `base`; where it ended, or MORE or REFUSED. */
  scan(bytes: Buffer, base: number, from: number, end: number): number {
    let at = from;
    while (at >= 0 && at < end) {
      // Each step runs through as many bytes as it can, so that the phase is asked for a few times in a line only.
      switch (this.#phase) {
        case NAME_START:
          at = this.#startLine(bytes, base, at);
          break;
        case NAME:
          at = this.#scanName(bytes, base, at, end);
          break;
        case BEFORE_VALUE:
          at = this.#skipToValue(bytes, base, at, end);
          break;
        case VALUE:
          at = this.#scanValue(bytes, base, at, end);
          break;
        case LINE_END:
          at = this.#expectLineFeed(bytes, at);
          this.#phase = NAME_START;
          break;
        default:
          return this.#expectLineFeed(bytes, at);
      }
    }
    return at < 0 ? at : MORE;
  }

  first(known: number): number {
    return (this.#seen & (1 << known)) === 0 ? -1 : (this.#firsts[known] ?? 0);
  }

  repeats(known: number): boolean {
    return (this.#repeated & (1 << known)) !== 0;
  }

  /** The offsets of all fields, in a copy. */
  offsets(): Uint32Array {
    return copyOffsets(this.#offsets, this.#length);
  }

  /** Forgets everything, for the next section. */
  reset(): void {
    this.#phase = NAME_START;
    this.#length = 0;
    this.#seen = 0;
    this.#repeated = 0;
    this.fault = undefined;
  }

  #startLine(bytes: Buffer, base: number, at: number): number {
    if (bytes[at] === CARRIAGE_RETURN) {
      this.#phase = SECTION_END;
      return at + 1;
    }
    if (this.#length >= this.#maxFields * OFFSETS_PER_FIELD)
      return this.#refuse({ code: "header_too_large", detail: `more than ${this.#maxFields} fields` });
    if (this.#length === this.#offsets.length) this.#grow();
    if (TOKEN_BYTES[bytes[at] ?? 0] !== 1)
      return this.#refuse(illegalByte(bytes, at, "at the start of a field"));
    this.#offsets[this.#length] = at - base;
    this.#phase = NAME;
    return at + 1;
  }

  #scanName(bytes: Buffer, base: number, from: number, end: number): number {
    let at = from;
    while (at < end && TOKEN_BYTES[bytes[at] ?? 0] === 1) at++;
    if (at === end) return at;
    // Anything but a colon, white space before one above all, is where parsers disagree (RFC 9112 §5.1).
    if (bytes[at] !== COLON) return this.#refuse(illegalByte(bytes, at, "in a field name"));
    this.#offsets[this.#length + 1] = at - base;
    this.#note(knownFieldInBytes(bytes, base + (this.#offsets[this.#length] ?? 0), at));
    this.#phase = BEFORE_VALUE;
    return at + 1;
  }

  #skipToValue(bytes: Buffer, base: number, from: number, end: number): number {
    let at = from;
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
    if (at === end) return at;
    this.#offsets[this.#length + 2] = at - base;
    this.#phase = VALUE;
    return at;
  }

  #scanValue(bytes: Buffer, base: number, from: number, end: number): number {
    let at = from;
    while (at < end && VALUE_BYTES[bytes[at] ?? 0] === 1) at++;
    if (at === end) return at;
    if (bytes[at] !== CARRIAGE_RETURN) return this.#refuse(illegalByte(bytes, at, "in a field value"));
    const start = base + (this.#offsets[this.#length + 2] ?? 0);
    let valueEnd = at;
    while (valueEnd > start && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd--;
    this.#offsets[this.#length + 3] = valueEnd - base;
    this.#length += OFFSETS_PER_FIELD;
    this.#phase = LINE_END;
    return at + 1;
  }

  #expectLineFeed(bytes: Buffer, at: number): number {
    if (bytes[at] === LINE_FEED) return at + 1;
    return this.#refuse(illegalByte(bytes, at, "behind a carriage return"));
  }

  #note(known: number): void {
    if (known === FIELD.other) return;
    const bit = 1 << known;
    if ((this.#seen & bit) !== 0) {
      this.#repeated |= bit;
      return;
    }
    this.#seen |= bit;
    this.#firsts[known] = this.#length / OFFSETS_PER_FIELD;
  }

  #grow(): void {
    const wider = new Uint32Array(this.#offsets.length * 2);
    wider.set(this.#offsets);
    this.#offsets = wider;
  }

  #refuse(fault: Fault): number {
    this.fault = fault;
    return REFUSED;
  }
}
