import { connectionOptions } from "./connection-options.ts";
import { HeaderBlock, OFFSETS_PER_FIELD } from "./header-block.ts";
import { FIELD, knownFieldInText } from "./known-fields.ts";
import { trimWhiteSpace } from "./token-list.ts";
import { fieldBits, fieldTable, TRAIT } from "./traits.ts";

/**
 * What goes no further: hop-by-hop fields (RFC 9110 §7.6.1), a proxy's credentials (§11.7), and what each wire writes
 * anew. Trailer goes on because trailers do; Host keeps its place, where a wire writes its own.
 */
const DROPPED_FIELDS = [
  FIELD.connection,
  FIELD.contentLength,
  FIELD.transferEncoding,
  FIELD.upgrade,
  FIELD.expect,
  FIELD.keepAlive,
  FIELD.proxyConnection,
  FIELD.proxyAuthenticate,
  FIELD.proxyAuthorization,
  FIELD.http2Settings,
];
const DROPPED = fieldTable(DROPPED_FIELDS);
const DROPPED_BITS = fieldBits(DROPPED_FIELDS);

/** A block without any of these goes on as it is. */
const CHANGING_BITS = DROPPED_BITS | fieldBits([FIELD.te]);

/** All that may go on of TE. */
const TRAILERS = "trailers";

const NO_NAMES: readonly string[] = [];

/** Where offsets are put together before it is known how many there are; used within one call only. */
const scratch: number[] = [];

/**
 * The fields that go on to the next hop, in order and untouched: without hop-by-hop fields, those that Connection
 * names, framing, and Expect, which this hop answers itself. `te: trailers` stays.
 *
 * To be used on a head as it arrived, before anybody's edits are applied: what a client names in Connection must
 * never remove what a plugin set. The text is shared, only offsets are made; the same block comes back if all stays.
 */
export function withoutHopByHop(headers: HeaderBlock): HeaderBlock {
  if ((headers.traits & CHANGING_BITS) === 0) return headers;
  const { fields } = headers;
  if (fields !== undefined && !headers.mayHold(FIELD.connection)) return withoutDropped(headers, fields);
  const { text, offsets } = headers;
  let length = 0;
  let narrowed = false;
  let connections = 0;
  let firstConnection = -1;
  for (let at = 0; at < offsets.length; at += OFFSETS_PER_FIELD) {
    const known = knownFieldInText(text, offsets[at] ?? 0, offsets[at + 1] ?? 0);
    if (known === FIELD.connection && connections++ === 0) firstConnection = at / OFFSETS_PER_FIELD;
    if (DROPPED[known] === 1) continue;
    for (let i = 0; i < OFFSETS_PER_FIELD; i++) scratch[length + i] = offsets[at + i] ?? 0;
    if (known === FIELD.te && !headers.valueEquals(at / OFFSETS_PER_FIELD, TRAILERS)) {
      narrowed = true;
      if (!narrowToTrailers(text, scratch, length)) continue;
    }
    length += OFFSETS_PER_FIELD;
  }
  const all = length === offsets.length && !narrowed;
  // What stood around `trailers` is left in the text.
  const traits = (headers.traits & ~DROPPED_BITS) | (narrowed ? TRAIT.loose : 0);
  const remaining = all ? headers : new HeaderBlock(text, scratch.slice(0, length), traits);
  const named = connectionOptions(headers, firstConnection, connections > 1)?.named ?? NO_NAMES;
  return named.length === 0 ? remaining : withoutNamed(remaining, named);
}

/** The same of fields that are strings, and among which there is no Connection. */
function withoutDropped(headers: HeaderBlock, fields: readonly string[]): HeaderBlock {
  const kept: string[] = [];
  let narrowed = false;
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? "";
    const value = fields[at + 1] ?? "";
    const known = knownFieldInText(name, 0, name.length);
    if (DROPPED[known] === 1) continue;
    if (known !== FIELD.te || value === TRAILERS) {
      kept.push(name, value);
      continue;
    }
    narrowed = true;
    const word = trailersAt(value);
    if (word >= 0) kept.push(name, value.slice(word, word + TRAILERS.length));
  }
  if (kept.length === fields.length && !narrowed) return headers;
  return new HeaderBlock(undefined, undefined, headers.traits & ~DROPPED_BITS, kept);
}

/**
 * Not Connection's to remove: Host is needed, TE was already cut to what may go on, and what was said of the client is
 * each hop's to add to; a client could keep an app from hearing who and by which scheme it is.
 */
const NOT_REMOVED = fieldTable([
  FIELD.host,
  FIELD.te,
  FIELD.forwardedFor,
  FIELD.forwardedHost,
  FIELD.forwardedProto,
]);

function withoutNamed(headers: HeaderBlock, named: readonly string[]): HeaderBlock {
  const removed = named.filter((name) => NOT_REMOVED[knownFieldInText(name, 0, name.length)] !== 1);
  return headers.filter((index) => !removed.some((name) => headers.is(index, name)));
}

/** Cuts the value of the TE field at `length` down to `trailers`; false if it does not say so. */
function narrowToTrailers(text: string, offsets: number[], length: number): boolean {
  const start = offsets[length + 2] ?? 0;
  const word = trailersAt(text.slice(start, offsets[length + 3]));
  if (word < 0) return false;
  offsets[length + 2] = start + word;
  offsets[length + 3] = start + word + TRAILERS.length;
  return true;
}

/** Where in the list `trailers` stands, without parameters; -1 if it does not. */
function trailersAt(list: string): number {
  let start = 0;
  for (const element of list.split(",")) {
    if (trimWhiteSpace(element).toLowerCase() === TRAILERS) return start + element.search(/[^ \t]/);
    start += element.length + 1;
  }
  return -1;
}
