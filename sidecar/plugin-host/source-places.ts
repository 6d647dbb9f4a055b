import { SourceMap, type SourceMapPayload } from "node:module";
import { performance } from "node:perf_hooks";

import { MAX_SOURCE_MAP, SOURCE_MAP_COMMENT } from "../../core/packages/source-map.ts";

/** Chars of the longest path that a map may give to a place: a text may be full of places. */
const MAX_PATH = 256;
/** Places that are looked up in a second, in a few hundredths of it: what is said costs its plugin no CPU. */
const MAX_LOOKUPS = 10_000;

/**
 * Turns places of a plugin's script, as stacks name them, into those of the files that it was bundled from. The map is
 * the script's last line, which is parsed with the first place that is asked for; it may be anything that a plugin's
 * author wrote there, and so may texts: looking through one takes as long as it is. Where the map is missing or says
 * nothing, or places are too many, a place stays what it is.
 */
export class SourcePlaces {
  readonly #file: string;
  readonly #places: RegExp;
  /** Bytes of its own: a part of the script's text would keep the whole. */
  #json: Buffer | undefined;
  #map: SourceMap | undefined;
  #second = 0;
  #lookupsInSecond = 0;

  /** `file`: the name under which `source` was compiled. */
  constructor(file: string, source: string) {
    this.#file = file;
    this.#places = new RegExp(`(?<![\\w./-])${file.replaceAll(".", "\\.")}:(\\d{1,9}):(\\d{1,9})`, "g");
    this.#json = mapIn(source);
  }

  /** `text` with the places of the author's files in it. */
  readable(text: string): string {
    if (!text.includes(this.#file)) return text;
    this.#beginSecond();
    if (this.#lookupsInSecond >= MAX_LOOKUPS) return text;
    return text.replaceAll(this.#places, (place, line: string, column: string) => {
      return this.#original(Number(line), Number(column)) ?? place;
    });
  }

  #beginSecond(): void {
    const second = Math.floor(performance.now() / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#lookupsInSecond = 0;
  }

  #original(line: number, column: number): string | undefined {
    if (++this.#lookupsInSecond > MAX_LOOKUPS) return undefined;
    const found: Found | undefined = this.#parsed()?.findEntry(line - 1, column - 1);
    // It finds the last place before this one, on whatever line.
    if (found?.generatedLine !== line - 1) return undefined;
    const { originalSource, originalLine, originalColumn = 0 } = found;
    if (!isPath(originalSource) || originalLine === undefined) return undefined;
    return `${originalSource}:${originalLine + 1}:${originalColumn + 1}`;
  }

  #parsed(): SourceMap | undefined {
    const json = this.#json;
    this.#json = undefined;
    if (json !== undefined) this.#map = parse(json);
    return this.#map;
  }
}

/** Of `findEntry`, which finds nothing as an empty object. */
interface Found {
  readonly generatedLine?: number;
  /** Whatever stands in the map. */
  readonly originalSource?: unknown;
  readonly originalLine?: number;
  readonly originalColumn?: number;
}

function isPath(source: unknown): source is string {
  return typeof source === "string" && source.length <= MAX_PATH;
}

function mapIn(source: string): Buffer | undefined {
  const at = source.lastIndexOf(SOURCE_MAP_COMMENT);
  if (at === -1 || source.length - at > MAX_SOURCE_MAP) return undefined;
  return Buffer.from(source.slice(at + SOURCE_MAP_COMMENT.length), "base64");
}

function parse(json: Buffer): SourceMap | undefined {
  try {
    const map: unknown = JSON.parse(json.toString());
    return isPlainMap(map) ? new SourceMap(map) : undefined;
  } catch {
    return undefined;
  }
}

/** Node believes what `length` says of anything that stands for a list; bundlers write no sections. */
function isPlainMap(map: unknown): map is SourceMapPayload {
  if (typeof map !== "object" || map === null || "sections" in map) return false;
  const { sources, mappings } = map as Partial<Record<"sources" | "mappings", unknown>>;
  return Array.isArray(sources) && typeof mappings === "string";
}
