/**
 * Which bytes may stand where in a header field: tables indexed by byte, 1 = allowed. Texts are latin1, one char for
 * each byte; a char over 0xff finds nothing in a table and is illegal.
 */

/** RFC 9110 §5.6.2: names, methods, list elements. */
export const TOKEN_BYTES: Uint8Array = byteTable(
  (byte) => isAlphaNumeric(byte) || "!#$%&'*+-.^_`|~".includes(String.fromCharCode(byte)),
);

/** RFC 9110 §5.5: visible characters, space, tab and obs-text, which is passed on and never interpreted. */
export const VALUE_BYTES: Uint8Array = byteTable((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));

export const TAB = 0x09;
export const LINE_FEED = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const SPACE = 0x20;
export const COLON = 0x3a;

/** Makes a table of the bytes for which `allowed` holds. */
export function byteTable(allowed: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (allowed(byte) ? 1 : 0));
}

export function isAlphaNumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/** Whether every char of `text[start, end)` is allowed by `table`; true for an empty range. */
export function consistsOf(table: Uint8Array, text: string, start = 0, end: number = text.length): boolean {
  for (let at = start; at < end; at++) if (table[text.charCodeAt(at)] !== 1) return false;
  return true;
}

/** A token, RFC 9110 §5.6.2: at least one char. */
export function isToken(text: string): boolean {
  return text.length > 0 && consistsOf(TOKEN_BYTES, text);
}

/** RFC 9110 §5.1. */
export function isFieldName(text: string): boolean {
  return isToken(text);
}

/** RFC 9110 §5.5. White space around a value is no part of it and may be there; an empty value is legal. */
export function isFieldValue(text: string): boolean {
  return consistsOf(VALUE_BYTES, text);
}

/** Optional white space, RFC 9110 §5.6.3. */
export function isWhiteSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}
