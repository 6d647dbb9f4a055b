import { isIPv6 } from "node:net";

import { byteTable, isAlphaNumeric } from "../../core/headers/field-syntax.ts";

/** Unreserved characters only (RFC 3986 §2.3): a comma could be read as a list, an escape as another name. */
const NAME_BYTES = byteTable((byte) => isAlphaNumeric(byte) || "-._~".includes(String.fromCharCode(byte)));

const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const LONGEST_PORT = 5;
const HIGHEST_PORT = 65_535;

/** Those that are longer name nobody (RFC 1035 §2.3.4: 253 characters, and a port), and are not kept for later. */
export const LONGEST_KEPT_AUTHORITY = 260;

/** Whether `text` is a host with an optional port and nothing else: no user info, not empty, no escapes. */
export function isAuthority(text: string): boolean {
  const hostEnd = endOfHost(text);
  return hostEnd > 0 && (hostEnd === text.length || isPort(text, hostEnd));
}

/** The same where the port must be there, as for CONNECT (RFC 9110 §9.3.6). */
export function isAuthorityWithPort(text: string): boolean {
  const hostEnd = endOfHost(text);
  return hostEnd > 0 && isPort(text, hostEnd);
}

/** Where the host ends; 0 if there is none that is legal. */
function endOfHost(text: string): number {
  if (text.charCodeAt(0) === OPEN_BRACKET) {
    const close = text.indexOf("]");
    // A zone (`%eth0`) means something on one machine only; isIPv6 would let it through.
    return close > 0 && !text.includes("%") && isIPv6(text.slice(1, close)) ? close + 1 : 0;
  }
  let at = 0;
  while (at < text.length && NAME_BYTES[text.charCodeAt(at)] === 1) at++;
  return at;
}

/** Whether a colon and 1 to 5 digits follow and end the text; `host:` names no port and is refused. */
function isPort(text: string, colon: number): boolean {
  const digits = text.length - colon - 1;
  if (text.charCodeAt(colon) !== COLON || digits < 1 || digits > LONGEST_PORT) return false;
  let port = 0;
  for (let at = colon + 1; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= HIGHEST_PORT;
}
