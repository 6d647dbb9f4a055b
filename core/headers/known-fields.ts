import { fieldNameEquals } from "./field-name.ts";

/**
 * The fields that mean something to a wire or to every exchange, numbered so that a scanner can tell them apart without
 * making a string. 0 is every other field.
 */
export const FIELD = {
  other: 0,
  host: 1,
  connection: 2,
  contentLength: 3,
  transferEncoding: 4,
  upgrade: 5,
  expect: 6,
  keepAlive: 7,
  te: 8,
  trailer: 9,
  proxyConnection: 10,
  proxyAuthenticate: 11,
  proxyAuthorization: 12,
  http2Settings: 13,
  forwardedFor: 14,
  forwardedHost: 15,
  forwardedProto: 16,
  date: 17,
} as const;

/** Lower-case names in the order of their numbers. */
export const KNOWN_NAMES = [
  "",
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "upgrade",
  "expect",
  "keep-alive",
  "te",
  "trailer",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "http2-settings",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "date",
] as const;

/** Those that each wire writes itself or that end at this hop: nobody else may write them. */
export const WIRE_NAMES: readonly string[] = KNOWN_NAMES.slice(FIELD.host, FIELD.forwardedFor);

const SLOT_BITS = 5;
const SLOT_MASK = 31;

/** Which number a name can have, judged by its length and first letter alone; most names end here, with 0. */
const CANDIDATES = candidateTable();

/** The number of the name at `text[start, end)`. */
export function knownFieldInText(text: string, start: number, end: number): number {
  const candidate = CANDIDATES[slot(end - start, text.charCodeAt(start))] ?? FIELD.other;
  if (candidate === FIELD.other) return FIELD.other;
  return fieldNameEquals(text, start, end, KNOWN_NAMES[candidate] ?? "") ? candidate : FIELD.other;
}

/** The same for a name that is still bytes and known to be a token. */
export function knownFieldInBytes(bytes: Uint8Array, start: number, end: number): number {
  const candidate = CANDIDATES[slot(end - start, bytes[start] ?? 0)] ?? FIELD.other;
  if (candidate === FIELD.other) return FIELD.other;
  const name = KNOWN_NAMES[candidate] ?? "";
  if (name.length !== end - start) return FIELD.other;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== name.charCodeAt(i)) return FIELD.other;
  }
  return candidate;
}

/** Letters of either case share a slot; lengths 32 apart too, which the comparison that follows sorts out. */
function slot(length: number, firstLetter: number): number {
  return ((length & SLOT_MASK) << SLOT_BITS) | (firstLetter & SLOT_MASK);
}

function candidateTable(): Uint8Array {
  const table = new Uint8Array(1 << (2 * SLOT_BITS));
  for (const [number, name] of KNOWN_NAMES.entries())
    if (number !== FIELD.other) table[slot(name.length, name.charCodeAt(0))] = number;
  return table;
}
