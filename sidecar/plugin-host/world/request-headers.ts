import type { PluginHeader, PluginHeaders } from "../../../core/plugin-api.ts";
import { addLines, addValue, readEdits, trimmed, type HeaderEntries } from "./headers.ts";

/** The fields that the mesh adds, by lower-case name. */
export type MeshFields = readonly (readonly [key: string, value: string])[];

const MESH_PREFIX = "x-mesh-";
const NO_VALUES: readonly string[] = [];

/**
 * A message's headers: lines `name: value CRLF`, what the plugins before changed, and the fields of the mesh. Most
 * plugins ask for one or two names: those are searched for in the text, and only whoever iterates pays for parsing.
 */
export class RequestHeaders implements PluginHeaders {
  readonly #lines: string;
  readonly #edits: string;
  readonly #mesh: () => MeshFields;
  #searched: string | undefined;
  #edited: ReadonlyMap<string, PluginHeader> | undefined;

  constructor(lines: string, edits: string, mesh: () => MeshFields) {
    this.#lines = lines;
    this.#edits = edits;
    this.#mesh = mesh;
  }

  get(name: string): string | undefined {
    const lower = name.toLowerCase();
    const elsewhere = this.#elsewhere(lower);
    return elsewhere === undefined ? this.#valueAt(this.#find(lower, 0), lower) : elsewhere[0];
  }

  getAll(name: string): readonly string[] {
    const lower = name.toLowerCase();
    return this.#elsewhere(lower) ?? this.#values(lower);
  }

  has(name: string): boolean {
    const lower = name.toLowerCase();
    const elsewhere = this.#elsewhere(lower);
    return elsewhere === undefined ? this.#find(lower, 0) >= 0 : elsewhere.length > 0;
  }

  *[Symbol.iterator](): Generator<PluginHeader> {
    const entries: HeaderEntries = new Map();
    addLines(entries, this.#lines);
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
    return this.#edits === "" ? undefined : this.#changes().get(lower)?.value;
  }

  #changes(): ReadonlyMap<string, PluginHeader> {
    return (this.#edited ??= readEdits(this.#edits));
  }

  #values(lower: string): readonly string[] {
    const values: string[] = [];
    for (let at = this.#find(lower, 0); at >= 0; at = this.#find(lower, at + 1))
      values.push(this.#valueAt(at, lower) ?? "");
    return values;
  }

  /**
   * Where the line break before the next line of this name is. No value holds a line break and no name a colon, so
   * nothing else fits.
   */
  #find(lower: string, from: number): number {
    if (lower.includes(":")) return -1;
    this.#searched ??= `\n${this.#lines}`.toLowerCase();
    return this.#searched.indexOf(`\n${lower}:`, from);
  }

  #valueAt(at: number, lower: string): string | undefined {
    if (at < 0) return undefined;
    const start = at + lower.length + 1;
    const end = this.#lines.indexOf("\r\n", start);
    return trimmed(this.#lines, start, end < 0 ? this.#lines.length : end);
  }
}
