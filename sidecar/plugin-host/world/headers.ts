import type { PluginHeader, PluginHeaders } from "../../../core/plugin-api.ts";
import { FieldReader } from "./fields.ts";

/** Entries by lower-case name, in order of arrival. */
export type HeaderEntries = Map<string, { key: string; value: string[] }>;

/** Headers that are read when somebody looks at them. */
export class HeadersView implements PluginHeaders {
  readonly #read: () => HeaderEntries;
  #parsed: HeaderEntries | undefined;

  constructor(read: () => HeaderEntries) {
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

  get #entries(): HeaderEntries {
    return (this.#parsed ??= this.#read());
  }
}

/** Adds the lines `name: value CRLF` of a text from `from` on. */
export function addLines(entries: HeaderEntries, lines: string, from = 0): void {
  for (let start = from; start < lines.length;) {
    const found = lines.indexOf("\r\n", start);
    const end = found < 0 ? lines.length : found;
    const colon = lines.indexOf(":", start);
    if (colon > start && colon < end)
      addValue(entries, lines.slice(start, colon), trimmed(lines, colon + 1, end));
    start = end + 2;
  }
}

/** `text[start, end)` without spaces and tabs around it; `trim` would take bytes of UTF-8 for spaces. */
export function trimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function addValue(entries: HeaderEntries, key: string, value: string): void {
  const lower = key.toLowerCase();
  const entry = entries.get(lower);
  if (entry === undefined) entries.set(lower, { key, value: [value] });
  else entry.value.push(value);
}

/** Edits by lower-case name, from fields: name, then its values as fields of their own. */
export function readEdits(fields: string): ReadonlyMap<string, PluginHeader> {
  const edits = new Map<string, PluginHeader>();
  const reader = new FieldReader(fields);
  while (reader.more) {
    const key = reader.text();
    edits.set(key.toLowerCase(), { key, value: readValues(reader.text()) });
  }
  return edits;
}

function readValues(fields: string): string[] {
  const reader = new FieldReader(fields);
  const values: string[] = [];
  while (reader.more) values.push(reader.text());
  return values;
}
