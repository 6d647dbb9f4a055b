import type { PluginHeader, PluginHeaders } from "../../../core/plugin-api.ts";
import { FieldReader } from "./fields.ts";

interface MutableHeader {
  key: string;
  value: string[];
}

/** Reads from lines `name: value CRLF`, changed by edits; parsed when first looked at. */
export class HeadersView implements PluginHeaders {
  readonly #read: () => Map<string, MutableHeader>;
  #parsed: Map<string, MutableHeader> | undefined;

  /** `read` gives entries by lower-case name, in order. */
  constructor(read: () => Map<string, MutableHeader>) {
    this.#read = read;
  }

  get(name: string): string | undefined {
    return this.#entries.get(name.toLowerCase())?.value[0];
  }

  getAll(name: string): readonly string[] {
    return this.#entries.get(name.toLowerCase())?.value ?? [];
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  *[Symbol.iterator](): Generator<PluginHeader> {
    yield* this.#entries.values();
  }

  toJSON(): readonly PluginHeader[] {
    return [...this];
  }

  get #entries(): Map<string, MutableHeader> {
    return (this.#parsed ??= this.#read());
  }
}

/** Adds the header lines of `text` from `at` on. */
export function addLines(entries: Map<string, MutableHeader>, text: string, at: number): void {
  for (let start = at; start < text.length;) {
    const found = text.indexOf("\r\n", start);
    const end = found < 0 ? text.length : found;
    const colon = text.indexOf(":", start);
    if (colon > start && colon < end)
      addValue(entries, text.slice(start, colon), text.slice(colon + 1, end).trim());
    start = end + 2;
  }
}

export function addValue(entries: Map<string, MutableHeader>, key: string, value: string): void {
  const lower = key.toLowerCase();
  const entry = entries.get(lower);
  if (entry === undefined) entries.set(lower, { key, value: [value] });
  else entry.value.push(value);
}

/** Applies edits written as fields: name, then its values as fields of their own. */
export function applyEdits(entries: Map<string, MutableHeader>, edits: string): void {
  const reader = new FieldReader(edits);
  while (reader.more) {
    const key = reader.text();
    const value = readValues(reader.text());
    const lower = key.toLowerCase();
    const entry = entries.get(lower);
    if (value.length === 0) entries.delete(lower);
    else if (entry === undefined) entries.set(lower, { key, value });
    else entry.value = value;
  }
}

function readValues(fields: string): string[] {
  const reader = new FieldReader(fields);
  const values: string[] = [];
  while (reader.more) values.push(reader.text());
  return values;
}
