import { connectionOptions } from "./connection-options.ts";
import { fieldNameEquals } from "./field-name.ts";
import { HeaderBlock, OFFSETS_PER_FIELD } from "./header-block.ts";
import { FIELD, knownFieldInText, KNOWN_NAMES } from "./known-fields.ts";
import { copyOffsets } from "./offsets.ts";
import { trimWhiteSpace } from "./token-list.ts";

/**
 * By number of known field, 1 = goes no further: hop-by-hop (RFC 9110 §7.6.1), a proxy's credentials (§11.7), or
 * written anew by each wire. Trailer goes on because trailers do; Host keeps its place, where a wire writes its own.
 */
const DROPPED = new Uint8Array(KNOWN_NAMES.length);
const { connection, contentLength, transferEncoding, upgrade, expect, keepAlive } = FIELD;
const { proxyConnection, proxyAuthenticate, proxyAuthorization, http2Settings } = FIELD;
for (const field of [connection, contentLength, transferEncoding, upgrade, expect, keepAlive])
  DROPPED[field] = 1;
for (const field of [proxyConnection, proxyAuthenticate, proxyAuthorization, http2Settings])
  DROPPED[field] = 1;

/** The same as bits of HeaderBlock.known, and those of a block that does not go on as it is. */
const DROPPED_BITS = DROPPED.reduce((bits, dropped, field) => bits | (dropped << field), 0);
const CHANGING_BITS = DROPPED_BITS | (1 << FIELD.te);

const NO_NAMES: readonly string[] = [];

/** Where offsets are put together before it is known how many there are; used within one call only. */
let scratch = new Uint32Array(256 * OFFSETS_PER_FIELD);

/**
 * The fields that go on to the next hop, in order and untouched: without hop-by-hop fields, those that Connection
 * names, framing, and Expect, which this hop answers itself. `te: trailers` stays.
 *
 * To be used on a head as it arrived, before anybody's edits are applied: what a client names in Connection must
 * never remove what a plugin set. The text is shared, only offsets are made; the same block comes back if all stays.
 */
export function withoutHopByHop(headers: HeaderBlock): HeaderBlock {
  if ((headers.known & CHANGING_BITS) === 0) return headers;
  const { text, offsets } = headers;
  if (scratch.length < offsets.length) scratch = new Uint32Array(offsets.length);
  let length = 0;
  let narrowed = false;
  let connections = 0;
  let firstConnection = -1;
  for (let at = 0; at < offsets.length; at += OFFSETS_PER_FIELD) {
    const known = knownFieldInText(text, offsets[at] ?? 0, offsets[at + 1] ?? 0);
    if (known === FIELD.connection && connections++ === 0) firstConnection = at / OFFSETS_PER_FIELD;
    if (DROPPED[known] === 1) continue;
    for (let i = 0; i < OFFSETS_PER_FIELD; i++) scratch[length + i] = offsets[at + i] ?? 0;
    if (known === FIELD.te) {
      narrowed = true;
      if (!narrowToTrailers(text, scratch, length)) continue;
    }
    length += OFFSETS_PER_FIELD;
  }
  const all = length === offsets.length && !narrowed;
  const known = headers.known & ~DROPPED_BITS;
  const remaining = all ? headers : new HeaderBlock(text, copyOffsets(scratch, length), known);
  const named = connectionOptions(headers, firstConnection, connections > 1)?.named ?? NO_NAMES;
  return named.length === 0 ? remaining : withoutNamed(remaining, named);
}

/** Host and TE are not Connection's to remove: the one is needed, the other was already cut to what may go on. */
function withoutNamed(headers: HeaderBlock, named: readonly string[]): HeaderBlock {
  return headers.filter(
    (index) =>
      headers.is(index, "host") || headers.is(index, "te") || !named.some((name) => headers.is(index, name)),
  );
}

/** Cuts the value of the TE field at `length` down to `trailers`; false if it does not say so. */
function narrowToTrailers(text: string, offsets: Uint32Array, length: number): boolean {
  const start = offsets[length + 2] ?? 0;
  const end = offsets[length + 3] ?? 0;
  if (fieldNameEquals(text, start, end, "trailers")) return true;
  let elementStart = start;
  for (const element of text.slice(start, end).split(",")) {
    if (trimWhiteSpace(element).toLowerCase() === "trailers") {
      const at = elementStart + element.search(/[^ \t]/);
      offsets[length + 2] = at;
      offsets[length + 3] = at + "trailers".length;
      return true;
    }
    elementStart += element.length + 1;
  }
  return false;
}
