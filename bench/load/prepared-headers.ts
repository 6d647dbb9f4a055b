import { hpack, type Field } from "../../test/support/http2-frames.ts";

const STATIC_ENTRIES = 61;
const INDEXED = 0x80;
const INCREMENTAL = 0x40;

/**
 * The same fields for every message of a connection, as a client or server that indexes them sends them (RFC 7541):
 * the first time as literals for the dynamic table, from then on as one byte each.
 */
export interface PreparedHeaders {
  readonly first: Buffer;
  readonly later: Buffer;
  /** For peers that keep no table. */
  readonly literal: Buffer;
}

/** `status`: an answer that begins with `:status: 200` of the static table. At most 60 fields. */
export function prepareHeaders(fields: readonly Field[], status = false): PreparedHeaders {
  const begin = status ? [Buffer.of(INDEXED | 8)] : [];
  const literals = fields.map((field) => {
    const literal = hpack([field]);
    literal[0] = INCREMENTAL;
    return literal;
  });
  // The entry that was added last has the lowest index.
  const indices = fields.map((_, index) => INDEXED | (STATIC_ENTRIES + fields.length - index));
  return {
    first: Buffer.concat([...begin, ...literals]),
    later: Buffer.concat([...begin, Buffer.from(indices)]),
    literal: Buffer.concat([...begin, hpack(fields)]),
  };
}
