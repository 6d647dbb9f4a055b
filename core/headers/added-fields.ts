import { NO_EDITS, type HeaderEdits } from "./header-edits.ts";

/** Chars of lines. */
const LONGEST_REMEMBERED = 1_024;

/** Fields that a hop puts behind those of a head that has none of their names: ready for either wire, made once. */
export class AddedFields {
  static readonly none: AddedFields = new AddedFields([]);

  /** Each `name: value CRLF`. */
  readonly lines: string;
  readonly #edits: HeaderEdits;
  #flat: readonly string[] | undefined;
  /** What was put behind these the last time, and both together. */
  #further: HeaderEdits = NO_EDITS;
  #both: AddedFields = this;

  /** The values must be legal and without white space around them. */
  constructor(edits: HeaderEdits) {
    this.#edits = edits;
    let lines = "";
    for (const { name, values } of edits) for (const value of values) lines += `${name}: ${value}\r\n`;
    this.lines = lines;
  }

  /** `[name, value, name, value, …]` for HTTP/2, with names in lower case. */
  get flat(): readonly string[] {
    this.#flat ??= this.#edits.flatMap(({ name, values }) =>
      values.flatMap((value) => [name.toLowerCase(), value]),
    );
    return this.#flat;
  }

  /** These and the edits behind them, of other names; remembered for edits that are the same object again. */
  and(edits: HeaderEdits): AddedFields {
    if (edits.length === 0) return this;
    if (edits === this.#further) return this.#both;
    const both = new AddedFields([...this.#edits, ...edits]);
    if (both.lines.length > LONGEST_REMEMBERED) return both;
    this.#further = edits;
    this.#both = both;
    return both;
  }
}
