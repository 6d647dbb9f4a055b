import type { PluginHeader, PluginHeaders } from "../../../core/plugin-api.ts";
import { addLines, addValue, readEdits, trimmed, type HeaderEntries } from "./headers.ts";

/** The fields that the mesh adds, by lower-case name. */
export type MeshFields = readonly (readonly [key: string, value: string])[];

const MESH_PREFIX = "x-mesh-";
const NO_VALUES: readonly string[] = [];
/** A name that a field may have (RFC 9110 §5.1), in lower case. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Names whose pattern is kept: a plugin looks for the same few. */
const MOST_PATTERNS = 64;
const patterns = new Map<string, RegExp>();
/** Changes that were looked through last, and in lower case: those before a plugin are mostly the same again. */
let lookedThrough = "";
let lowerCased = "";

/**
 * A message's headers: lines `name: value CRLF`, what the plugins before changed, and the fields of the mesh. Most
 * plugins ask for one or two names: those are searched for in the text, and only whoever iterates pays for parsing.
 */
export class RequestHeaders implements PluginHeaders {
  readonly #text: string;
  readonly #linesAt: number;
  readonly #edits: string;
  readonly #mesh: () => MeshFields;
  #edited: ReadonlyMap<string, PluginHeader> | undefined;

  /** The lines are the rest of `text` from `linesAt` on, behind a line break. */
  constructor(text: string, linesAt: number, edits: string, mesh: () => MeshFields) {
    this.#text = text;
    this.#linesAt = linesAt;
    this.#edits = edits;
    this.#mesh = mesh;
  }

  get(name: string): string | undefined {
    const lower = name.toLowerCase();
    const elsewhere = this.#elsewhere(lower);
    return elsewhere === undefined ? this.#valueAt(this.#find(lower, this.#linesAt), lower) : elsewhere[0];
  }

  getAll(name: string): readonly string[] {
    const lower = name.toLowerCase();
    return this.#elsewhere(lower) ?? this.#values(lower);
  }

  has(name: string): boolean {
    const lower = name.toLowerCase();
    const elsewhere = this.#elsewhere(lower);
    return elsewhere === undefined ? this.#find(lower, this.#linesAt) >= 0 : elsewhere.length > 0;
  }

  *[Symbol.iterator](): Generator<PluginHeader> {
    const entries: HeaderEntries = new Map();
    addLines(entries, this.#text, this.#linesAt);
    for (const [lower, { key, value }] of this.#changes()) {
      const entry = entries.get(lower);
      if (value.length === 0) entries.delete(lower);
      else if (entry === undefined) entries.set(lower, { key, value: [...value] });
      else entry.value = [...value];
    }
    for (const [key, value] of this.#mesh()) addValue(entries, key, value);
    yield* entries.values();
  }

  toJSON(): readonly PluginHeader[] {
    return [...this];
  }

  /** The values that stand in place of the lines', if some do. */
  #elsewhere(lower: string): readonly string[] | undefined {
    if (lower.startsWith(MESH_PREFIX)) {
      const field = this.#mesh().find(([key]) => key.toLowerCase() === lower);
      return field === undefined ? NO_VALUES : [field[1]];
    }
    return this.#maybeChanged(lower) ? this.#changes().get(lower)?.value : undefined;
  }

  /** Only what names the field is read. */
  #maybeChanged(lower: string): boolean {
    if (this.#edits === "") return false;
    return this.#edited !== undefined || inLowerCase(this.#edits).includes(lower);
  }

  #changes(): ReadonlyMap<string, PluginHeader> {
    return (this.#edited ??= readEdits(this.#edits));
  }

  #values(lower: string): readonly string[] {
    const values: string[] = [];
    for (let at = this.#find(lower, this.#linesAt); at >= 0; at = this.#find(lower, at + 1))
      values.push(this.#valueAt(at, lower) ?? "");
    return values;
  }

  /**
   * Where the next line of this name begins, from the line at `from` on. No value holds a line break and no name a
   * colon, so nothing else fits, wherever in a line `from` is.
   */
  #find(lower: string, from: number): number {
    const pattern = patternOf(lower);
    if (pattern === undefined) return -1;
    pattern.lastIndex = from - 1;
    const found = pattern.exec(this.#text);
    return found === null ? -1 : found.index + 1;
  }

  #valueAt(at: number, lower: string): string | undefined {
    if (at < 0) return undefined;
    const start = at + lower.length + 1;
    const end = this.#text.indexOf("\r\n", start);
    return trimmed(this.#text, start, end < 0 ? this.#text.length : end);
  }
}

function inLowerCase(edits: string): string {
  if (edits !== lookedThrough) {
    lookedThrough = edits;
    lowerCased = edits.toLowerCase();
  }
  return lowerCased;
}

/**
 * Finds lines of this name; undefined where no field can have it. Searching without regard to case takes a third of
 * the time of lower-casing the text for it (measured), and no memory.
 */
function patternOf(lower: string): RegExp | undefined {
  const known = patterns.get(lower);
  if (known !== undefined) return known;
  if (!NAME.test(lower)) return undefined;
  const pattern = new RegExp(`\\n${lower.replace(/[$*+.^|]/g, "\\$&")}:`, "gi");
  if (patterns.size < MOST_PATTERNS) patterns.set(lower, pattern);
  return pattern;
}
