import { SourceMap, type SourceMapPayload } from "node:module";

import { MAX_SOURCE_MAP, SOURCE_MAP_COMMENT } from "../../core/packages/source-map.ts";

/** Names of plugins hold nothing else. */
const PLACE = /([\w.-]+):(\d{1,9}):(\d{1,9})/g;

/**
 * Turns places of a plugin's script, as stacks name them, into those of the files that it was bundled from. The map is
 * the script's last line, which is read with the first place that is asked for; it may be anything that a plugin's
 * author wrote there. Where it is missing or says nothing the place stays what it is.
 */
export class SourcePlaces {
  readonly #source: string;
  readonly #file: string;
  #map: SourceMap | "none" | undefined;

  /** `file`: the name under which `source` was compiled. */
  constructor(file: string, source: string) {
    this.#source = source;
    this.#file = file;
  }

  /** `text` with the places of the author's files in it. */
  readable(text: string): string {
    if (!text.includes(this.#file)) return text;
    return text.replaceAll(PLACE, (place, file: string, line: string, column: string) => {
      return file === this.#file ? (this.#original(Number(line), Number(column)) ?? place) : place;
    });
  }

  #original(line: number, column: number): string | undefined {
    this.#map ??= readMap(this.#source) ?? "none";
    if (this.#map === "none") return undefined;
    const found = this.#map.findEntry(line - 1, column - 1) as Found;
    const { originalSource, originalLine, originalColumn = 0 } = found;
    // It finds the last place before this one, on whatever line.
    if (found.generatedLine !== line - 1 || originalLine === undefined) return undefined;
    return `${originalSource}:${originalLine + 1}:${originalColumn + 1}`;
  }
}

/** Of `findEntry`, which finds nothing as an empty object. */
interface Found {
  readonly generatedLine?: number;
  readonly originalSource?: string;
  readonly originalLine?: number;
  readonly originalColumn?: number;
}

function readMap(source: string): SourceMap | undefined {
  const at = source.lastIndexOf(SOURCE_MAP_COMMENT);
  if (at === -1 || source.length - at > MAX_SOURCE_MAP) return undefined;
  try {
    const text = Buffer.from(source.slice(at + SOURCE_MAP_COMMENT.length), "base64").toString();
    return new SourceMap(JSON.parse(text) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
