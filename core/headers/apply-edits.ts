import { isWhiteSpace } from "./field-syntax.ts";
import { HeaderBlock, OFFSETS_PER_FIELD } from "./header-block.ts";
import type { HeaderEdit, HeaderEdits } from "./header-edits.ts";
import { FIELD } from "./known-fields.ts";
import { fieldBits, TRAIT, type Traits, traitsOfName } from "./traits.ts";

/** What becomes of a field: it stays, it goes, or (from 0 on) the edit of this index stands in its place. */
const STAYS = -1;
const GOES = -2;

/** What a name is that means nothing to the wire, nor to the mesh. */
const PLAIN: Traits = fieldBits([FIELD.other]);

/**
 * `headers` with `edits` on top, as docs/plugins.md says: a name that is there is overwritten at the place and
 * in the case of its first occurrence and its further occurrences are dropped; a new name is appended; an empty list
 * deletes. Untouched fields stay as they came. The edits must be legal (header-rules.ts), one for each name.
 *
 * New lines are put behind the old text and offsets say where each field is: nothing that was there is copied.
 */
export function applyEdits(headers: HeaderBlock, edits: HeaderEdits): HeaderBlock {
  if (edits.length === 0) return headers;
  const fates = fatesOf(headers, edits);
  // Nearly all edits are of names that are new.
  const draft = new Draft(headers, fates === undefined);
  if (fates === undefined) {
    for (const edit of edits) draft.write(edit.name, edit.values);
    return draft.block();
  }
  for (let index = 0; index < fates.length; index++) {
    const fate = fates[index] ?? STAYS;
    if (fate === STAYS) draft.keep(index);
    else if (fate !== GOES) draft.write(headers.name(index), edits[fate]?.values ?? []);
  }
  for (let index = 0; index < edits.length; index++) {
    const edit = edits[index];
    if (edit !== undefined && !fates.includes(index)) draft.write(edit.name, edit.values);
  }
  return draft.block();
}

/**
 * Whether all that the edits do is to put fields behind these headers that mean nothing to a wire: such need not become
 * a part of the block.
 */
export function onlyAdds(headers: HeaderBlock, edits: HeaderEdits): boolean {
  return edits.every(addsPlainFields) && fatesOf(headers, edits) === undefined;
}

function addsPlainFields({ name, values }: HeaderEdit): boolean {
  return traitsOfName(name) === PLAIN && values.length > 0 && !values.some(isPadded);
}

function isPadded(value: string): boolean {
  return isWhiteSpace(value.charCodeAt(0)) || isWhiteSpace(value.charCodeAt(value.length - 1));
}

/** The fate of each field; undefined if no edit names one that is there. */
function fatesOf(headers: HeaderBlock, edits: HeaderEdits): number[] | undefined {
  let fates: number[] | undefined;
  for (let index = 0; index < headers.size; index++) {
    const number = editOf(headers, index, edits);
    if (number < 0) continue;
    fates ??= Array.from({ length: headers.size }, () => STAYS);
    fates[index] = fates.includes(number) ? GOES : number;
  }
  return fates;
}

/** The index of the edit that names field `index`, or -1. */
function editOf({ text, offsets }: HeaderBlock, index: number, edits: HeaderEdits): number {
  const start = offsets[index * OFFSETS_PER_FIELD] ?? 0;
  const length = (offsets[index * OFFSETS_PER_FIELD + 1] ?? 0) - start;
  for (let number = 0; number < edits.length; number++) {
    const name = edits[number]?.name ?? "";
    if (name.length === length && isSameName(text, start, name)) return number;
  }
  return -1;
}

/** Names differ in case only; both are tokens, so that folding letters is enough. */
function isSameName(text: string, start: number, name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    if (lowerCase(text.charCodeAt(start + at)) !== lowerCase(name.charCodeAt(at))) return false;
  }
  return true;
}

function lowerCase(char: number): number {
  return char >= 0x41 && char <= 0x5a ? char | 0x20 : char;
}

/** A block in the making: the old text, and behind it the lines that are new. */
class Draft {
  readonly #headers: HeaderBlock;
  /** Offsets of what was kept whole, and of what came behind it. */
  readonly #kept: readonly number[];
  readonly #offsets: number[] = [];
  #traits: Traits;
  #lines = "";

  /** Begins with all fields that were there, or with none. */
  constructor(headers: HeaderBlock, all: boolean) {
    this.#headers = headers;
    this.#traits = headers.traits;
    this.#kept = all ? headers.offsets : [];
  }

  keep(index: number): void {
    const from = this.#headers.offsets;
    const at = index * OFFSETS_PER_FIELD;
    for (let i = 0; i < OFFSETS_PER_FIELD; i++) this.#offsets.push(from[at + i] ?? 0);
  }

  write(name: string, values: readonly string[]): void {
    if (values.length > 0) this.#traits |= traitsOfName(name);
    for (const value of values) this.#line(name, value);
  }

  /** White space around the value stays outside of what the offsets name (RFC 9110 §5.5). */
  #line(name: string, value: string): void {
    const at = this.#headers.text.length + this.#lines.length;
    const valueAt = at + name.length + 2;
    let start = 0;
    let end = value.length;
    while (start < end && isWhiteSpace(value.charCodeAt(start))) start++;
    while (end > start && isWhiteSpace(value.charCodeAt(end - 1))) end--;
    if (start > 0 || end < value.length) this.#traits |= TRAIT.loose;
    this.#offsets.push(at, at + name.length, valueAt + start, valueAt + end);
    this.#lines += `${name}: ${value}\r\n`;
  }

  block(): HeaderBlock {
    const offsets = this.#kept.concat(this.#offsets);
    return new HeaderBlock(this.#headers.text + this.#lines, offsets, this.#traits);
  }
}
