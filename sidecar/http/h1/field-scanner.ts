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
import { FIELD, KNOWN_NAMES, knownFieldInBytes } from "../../../core/headers/known-fields.ts";
import { mayBeMesh, TRAIT, type Traits } from "../../../core/headers/traits.ts";
import { type Fault, illegalByte, MORE, REFUSED } from "./scan.ts";

/** Where in a field line the next byte stands. */
const NAME_START = 0;
const NAME = 1;
const BEFORE_VALUE = 2;
const VALUE = 3;
const LINE_END = 4;
const SECTION_END = 5;

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
  /** Longer than what is there: `#length` says how much of it counts. */
  readonly #offsets: number[] = [];
  #length = 0;
  #traits: Traits = 0;
  /** One bit for each known field, so that a new head needs no table cleared. */
  #repeated = 0;
  readonly #firsts = new Uint32Array(KNOWN_NAMES.length);
  /** Set when `scan` gave REFUSED. */
  fault: Fault | undefined;

  constructor(maxFields: number) {
    this.#maxFields = maxFields;
  }

  /**
   * Scans `bytes[from, end)`, where what is scanned began at `base`; where it ended, or MORE or REFUSED.
   *
   * The phases stand behind each other in one function, each running through as many bytes as it can: with a method
   * for each phase a whole head takes a third longer (measured).
   */
  scan(bytes: Buffer, base: number, from: number, end: number): number {
    let at = from;
    let phase = this.#phase;
    while (at < end) {
      const field = this.#length;
      if (phase === NAME_START) {
        if (bytes[at] === CARRIAGE_RETURN) {
          phase = SECTION_END;
          at++;
          continue;
        }
        if (!this.#startField(at - base)) return REFUSED;
        phase = NAME;
      }
      if (phase === NAME) {
        while (at < end && TOKEN_BYTES[bytes[at] ?? 0] === 1) at++;
        if (at === end) break;
        // Anything but a colon, white space before one above all, is where parsers disagree (RFC 9112 §5.1).
        if (bytes[at] !== COLON || !this.#endName(bytes, base, at))
          return this.#refuse(bytes, at, "in a field name");
        at++;
        phase = BEFORE_VALUE;
      }
      if (phase === BEFORE_VALUE) {
        while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
        if (at === end) break;
        this.#offsets[field + 2] = at - base;
        phase = VALUE;
      }
      if (phase === VALUE) {
        while (at < end && VALUE_BYTES[bytes[at] ?? 0] === 1) at++;
        if (at === end) break;
        if (bytes[at] !== CARRIAGE_RETURN) return this.#refuse(bytes, at, "in a field value");
        this.#endValue(bytes, base, at);
        at++;
        phase = LINE_END;
        if (at === end) break;
      }
      if (bytes[at] !== LINE_FEED) return this.#refuse(bytes, at, "behind a carriage return");
      at++;
      if (phase === SECTION_END) return at;
      phase = NAME_START;
    }
    this.#phase = phase;
    return MORE;
  }

  first(known: number): number {
    return (this.#traits & (1 << known)) === 0 ? -1 : (this.#firsts[known] ?? 0);
  }

  repeats(known: number): boolean {
    return (this.#repeated & (1 << known)) !== 0;
  }

  /** What was seen, as `HeaderBlock.traits` has it. */
  get traits(): Traits {
    return this.#traits;
  }

  /** The offsets of all fields, in a copy. */
  offsets(): number[] {
    return this.#offsets.slice(0, this.#length);
  }

  /** Forgets everything, for the next section. */
  reset(): void {
    this.#phase = NAME_START;
    this.#length = 0;
    this.#traits = 0;
    this.#repeated = 0;
    this.fault = undefined;
  }

  /** False if there are too many fields. */
  #startField(at: number): boolean {
    if (this.#length >= this.#maxFields * OFFSETS_PER_FIELD) {
      this.fault = { code: "header_too_large", detail: `more than ${this.#maxFields} fields` };
      return false;
    }
    this.#offsets[this.#length] = at;
    return true;
  }

  /** False if there is no name before the colon at `colon`. */
  #endName(bytes: Buffer, base: number, colon: number): boolean {
    const start = base + (this.#offsets[this.#length] ?? 0);
    if (colon === start) return false;
    this.#offsets[this.#length + 1] = colon - base;
    const known = knownFieldInBytes(bytes, start, colon);
    if (known !== FIELD.other) this.#note(known);
    else if (mayBeMesh(bytes[start] ?? 0, bytes[start + 2] ?? 0)) this.#traits |= TRAIT.mesh;
    return true;
  }

  /** The value ends before the white space that stands before the end of its line. */
  #endValue(bytes: Buffer, base: number, lineEnd: number): void {
    const start = base + (this.#offsets[this.#length + 2] ?? 0);
    const colon = base + (this.#offsets[this.#length + 1] ?? 0);
    let end = lineEnd;
    while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
    if (end !== lineEnd || start !== colon + 2 || bytes[colon + 1] !== SPACE) this.#traits |= TRAIT.loose;
    this.#offsets[this.#length + 3] = end - base;
    this.#length += OFFSETS_PER_FIELD;
  }

  #note(known: number): void {
    const bit = 1 << known;
    if ((this.#traits & bit) !== 0) {
      this.#repeated |= bit;
      return;
    }
    this.#traits |= bit;
    this.#firsts[known] = this.#length / OFFSETS_PER_FIELD;
  }

  #refuse(bytes: Buffer, at: number, where: string): number {
    this.fault = illegalByte(bytes, at, where);
    return REFUSED;
  }
}
