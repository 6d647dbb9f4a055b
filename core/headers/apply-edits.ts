import { isWhiteSpace } from "./field-syntax.ts";
import { HeaderBlock, OFFSETS_PER_FIELD } from "./header-block.ts";
import { allocateOffsets } from "./offsets.ts";
import type { HeaderEdit, HeaderEdits } from "./header-edits.ts";

/** What becomes of a field: it stays, it goes, or (from 0 on) the edit of this index stands in its place. */
const STAYS = -1;
const GOES = -2;

/**
 * `headers` with `edits` on top, as DESIGN-data-plane §3 says: a name that is there is overwritten at the place and
 * in the case of its first occurrence and its further occurrences are dropped; a new name is appended; an empty list
 * deletes. Untouched fields stay as they came. The edits must be legal (header-rules.ts), one for each name.
 *
 * New lines are put behind the old text and offsets say where each field is: nothing that was there is copied.
 */
export function applyEdits(headers: HeaderBlock, edits: HeaderEdits): HeaderBlock {
  if (edits.length === 0) return headers;
  const fates: number[] = [];
  for (let index = 0; index < headers.size; index++) fates.push(STAYS);
  const added: HeaderEdit[] = [];
  let values = 0;
  for (const edit of edits) {
    values += edit.values.length;
    if (!decide(headers, edit, edits.indexOf(edit), fates)) added.push(edit);
  }
  const draft = new Draft(headers, values);
  for (let index = 0; index < fates.length; index++) {
    const fate = fates[index] ?? STAYS;
    if (fate === STAYS) draft.keep(index);
    else if (fate !== GOES) draft.write(headers.name(index), edits[fate]?.values ?? []);
  }
  for (const edit of added) draft.write(edit.name, edit.values);
  return draft.block();
}

/** Settles the fate of the fields that `edit` names; false if there are none. */
function decide(headers: HeaderBlock, edit: HeaderEdit, number: number, fates: number[]): boolean {
  const lowerName = edit.name.toLowerCase();
  const first = headers.indexOf(lowerName);
  if (first < 0) return false;
  fates[first] = number;
  for (let i = headers.indexOf(lowerName, first + 1); i >= 0; i = headers.indexOf(lowerName, i + 1))
    fates[i] = GOES;
  return true;
}

/** A block in the making: the old text, and behind it the lines that are new. */
class Draft {
  readonly #headers: HeaderBlock;
  readonly #offsets: Uint32Array;
  #length = 0;
  #lines = "";

  constructor(headers: HeaderBlock, newLines: number) {
    this.#headers = headers;
    this.#offsets = allocateOffsets((headers.size + newLines) * OFFSETS_PER_FIELD);
  }

  keep(index: number): void {
    const from = this.#headers.offsets;
    const at = index * OFFSETS_PER_FIELD;
    for (let i = 0; i < OFFSETS_PER_FIELD; i++) this.#offsets[this.#length++] = from[at + i] ?? 0;
  }

  write(name: string, values: readonly string[]): void {
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
    this.#offsets[this.#length++] = at;
    this.#offsets[this.#length++] = at + name.length;
    this.#offsets[this.#length++] = valueAt + start;
    this.#offsets[this.#length++] = valueAt + end;
    this.#lines += `${name}: ${value}\r\n`;
  }

  block(): HeaderBlock {
    return new HeaderBlock(this.#headers.text + this.#lines, this.#offsets.subarray(0, this.#length));
  }
}
