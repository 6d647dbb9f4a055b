import { fieldNameEquals } from "./field-name.ts";
import { ANY_TRAIT, type Traits, traitsOfName } from "./traits.ts";

/** Numbers per field in `HeaderBlock.offsets`: name start, name end, value start, value end. */
export const OFFSETS_PER_FIELD = 4;

/**
 * Header fields as one latin1 text (each char is one byte of the wire) and offsets into it, in arrival order.
 * Whoever makes a block has checked every byte (RFC 9110 §5.5, §5.6.2): the text may go to a wire as it is.
 * Strings for single names and values are made only when asked for. Fields that arrived as strings, with HTTP/2, stay
 * what they are, and for them text and offsets are made only when asked for. Immutable.
 */
export class HeaderBlock {
  static readonly empty: HeaderBlock = new HeaderBlock("", [], 0);

  readonly traits: Traits;
  /** `[name, value, …]` with names in lower case, of fields that are strings; undefined of those that are text. */
  readonly fields: readonly string[] | undefined;
  #text: string | undefined;
  #offsets: readonly number[] | undefined;

  /** Without text and offsets there must be fields. */
  constructor(
    text: string | undefined,
    offsets: readonly number[] | undefined,
    traits: Traits = ANY_TRAIT,
    fields?: readonly string[],
  ) {
    this.#text = text;
    this.#offsets = offsets;
    this.traits = traits;
    this.fields = fields;
  }

  /** Makes a block from `[name, value, name, value, …]`, which must be legal already. */
  static fromFlat(flat: readonly string[]): HeaderBlock {
    const { text, offsets } = linesOf(flat);
    return new HeaderBlock(text, offsets, traitsOf(flat));
  }

  /** The same of names that are in lower case, as HTTP/2 has them. Takes the list over. */
  static fromFields(fields: readonly string[]): HeaderBlock {
    return new HeaderBlock(undefined, undefined, traitsOf(fields), fields);
  }

  /** May hold more than the fields, the request line for instance; only the offsets say what belongs. */
  get text(): string {
    return this.#text ?? this.#write().text;
  }

  /** A plain array: a typed one of this size costs more to make than the head that it describes to scan. */
  get offsets(): readonly number[] {
    return this.#offsets ?? this.#write().offsets;
  }

  /** How many field lines there are; a repeated header counts once for each line. */
  get size(): number {
    return this.fields === undefined ? this.offsets.length / OFFSETS_PER_FIELD : this.fields.length / 2;
  }

  /** Whether this known field may be there; false is certain. */
  mayHold(field: number): boolean {
    return (this.traits & (1 << field)) !== 0;
  }

  /** As it arrived, case included. */
  name(index: number): string {
    return this.fields === undefined ? this.#cut(index * OFFSETS_PER_FIELD) : (this.fields[index * 2] ?? "");
  }

  /** Without the white space around it. */
  value(index: number): string {
    if (this.fields !== undefined) return this.fields[index * 2 + 1] ?? "";
    return this.#cut(index * OFFSETS_PER_FIELD + 2);
  }

  /** Where in the text the value ends; behind it stand white space that is no part of it, and CRLF. */
  valueEnd(index: number): number {
    return this.offsets[index * OFFSETS_PER_FIELD + 3] ?? 0;
  }

  /** Whether field `index` has this name, which must be given in lower case. */
  is(index: number, lowerName: string): boolean {
    if (this.fields !== undefined) return this.fields[index * 2] === lowerName;
    const at = index * OFFSETS_PER_FIELD;
    return fieldNameEquals(this.text, this.offsets[at] ?? 0, this.offsets[at + 1] ?? 0, lowerName);
  }

  /** Whether the name of field `index` begins with this, which must be given in lower case. */
  startsWith(index: number, lowerPrefix: string): boolean {
    if (this.fields !== undefined) return this.fields[index * 2]?.startsWith(lowerPrefix) === true;
    const at = index * OFFSETS_PER_FIELD;
    const start = this.offsets[at] ?? 0;
    const end = Math.min(this.offsets[at + 1] ?? 0, start + lowerPrefix.length);
    return fieldNameEquals(this.text, start, end, lowerPrefix);
  }

  /** Whether the value of field `index` is this lower-case word, whatever its case. */
  valueEquals(index: number, lowerWord: string): boolean {
    if (this.fields !== undefined) {
      const value = this.fields[index * 2 + 1] ?? "";
      return fieldNameEquals(value, 0, value.length, lowerWord);
    }
    const at = index * OFFSETS_PER_FIELD + 2;
    return fieldNameEquals(this.text, this.offsets[at] ?? 0, this.offsets[at + 1] ?? 0, lowerWord);
  }

  /** The first field of this lower-case name from `from` on, or -1. */
  indexOf(lowerName: string, from = 0): number {
    const { size } = this;
    for (let index = from; index < size; index++) if (this.is(index, lowerName)) return index;
    return -1;
  }

  /** The first value of this lower-case name. */
  get(lowerName: string): string | undefined {
    const index = this.indexOf(lowerName);
    return index < 0 ? undefined : this.value(index);
  }

  /** Every value of this lower-case name, in order; never joined. */
  all(lowerName: string): string[] {
    const values: string[] = [];
    for (let i = this.indexOf(lowerName); i >= 0; i = this.indexOf(lowerName, i + 1))
      values.push(this.value(i));
    return values;
  }

  /** The fields for which `keep` holds; those that are text on the same text. */
  filter(keep: (index: number) => boolean): HeaderBlock {
    if (this.fields !== undefined) return this.#filterFields(this.fields, keep);
    const kept: number[] = [];
    for (let index = 0; index < this.size; index++) {
      const at = index * OFFSETS_PER_FIELD;
      if (keep(index)) for (let i = 0; i < OFFSETS_PER_FIELD; i++) kept.push(this.offsets[at + i] ?? 0);
    }
    if (kept.length === this.offsets.length) return this;
    return new HeaderBlock(this.text, kept, this.traits);
  }

  /** `[name, value, name, value, …]` as node:http2 and undici take them, behind what `flat` holds; takes that over. */
  toFlat(flat: string[] = []): string[] {
    if (this.fields !== undefined) return flat.concat(this.fields);
    for (let index = 0; index < this.size; index++) flat.push(this.name(index), this.value(index));
    return flat;
  }

  #filterFields(fields: readonly string[], keep: (index: number) => boolean): HeaderBlock {
    const kept: string[] = [];
    for (let at = 0; at < fields.length; at += 2)
      if (keep(at / 2)) kept.push(fields[at] ?? "", fields[at + 1] ?? "");
    if (kept.length === fields.length) return this;
    return new HeaderBlock(undefined, undefined, this.traits, kept);
  }

  #cut(at: number): string {
    return this.text.slice(this.offsets[at], this.offsets[at + 1]);
  }

  #write(): Lines {
    const lines = linesOf(this.fields ?? []);
    this.#text = lines.text;
    this.#offsets = lines.offsets;
    return lines;
  }
}

interface Lines {
  readonly text: string;
  readonly offsets: readonly number[];
}

function linesOf(flat: readonly string[]): Lines {
  const offsets: number[] = [];
  let text = "";
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] ?? "";
    const value = flat[i + 1] ?? "";
    const nameAt = text.length;
    const valueAt = nameAt + name.length + 2;
    offsets.push(nameAt, nameAt + name.length, valueAt, valueAt + value.length);
    text += `${name}: ${value}\r\n`;
  }
  return { text, offsets };
}

function traitsOf(flat: readonly string[]): Traits {
  let traits: Traits = 0;
  for (let i = 0; i < flat.length; i += 2) traits |= traitsOfName(flat[i] ?? "");
  return traits;
}
