import type { HeaderEdits } from "./header-edits.ts";

/** Fields that a hop puts behind those of a head that has none of their names: ready for either wire, made once. */
export class AddedFields {
  static readonly none: AddedFields = new AddedFields([]);

  /** Each `name: value CRLF`. */
  readonly lines: string;
  /** `[name, value, name, value, …]` for HTTP/2, with names in lower case. */
  readonly flat: readonly string[];

  /** The values must be legal and without white space around them. */
  constructor(edits: HeaderEdits) {
    this.flat = edits.flatMap(({ name, values }) => values.flatMap((value) => [name.toLowerCase(), value]));
    this.lines = edits.flatMap(({ name, values }) => values.map((value) => `${name}: ${value}\r\n`)).join("");
  }
}
