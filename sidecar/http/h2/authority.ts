const PORT_MAX = 65_535;
const COLON = 0x3a;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/** reg-name and IPv4address of RFC 3986 §3.2.2: unreserved, sub-delims and `%`; no `@`, which would be user info. */
const HOST_BYTES = tableOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=");
/** What stands between the brackets of an IP literal. */
const LITERAL_BYTES = tableOf("0123456789abcdefABCDEF:.");

function tableOf(chars: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const char of chars) table[char.charCodeAt(0)] = 1;
  return table;
}

/** Whether `text` is `host` or `host:port` as RFC 9110 §7.2 has it: no user info, no path, nothing outside ASCII. */
export function isAuthority(text: string): boolean {
  const hostEnd = text.charCodeAt(0) === OPEN ? literalEnd(text) : nameEnd(text);
  if (hostEnd <= 0) return false;
  return hostEnd === text.length || isPort(text, hostEnd);
}

/** Whether `text` names a port too, as CONNECT needs it (RFC 9113 §8.5). */
export function hasPort(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return text.lastIndexOf(":") > text.lastIndexOf("]") && last !== COLON;
}

function nameEnd(text: string): number {
  let at = 0;
  while (at < text.length && HOST_BYTES[text.charCodeAt(at)] === 1) at++;
  return at;
}

function literalEnd(text: string): number {
  let at = 1;
  while (at < text.length && LITERAL_BYTES[text.charCodeAt(at)] === 1) at++;
  return at > 1 && text.charCodeAt(at) === CLOSE ? at + 1 : 0;
}

/** `:`, then up to five digits; an empty port is the default one. */
function isPort(text: string, colon: number): boolean {
  if (text.charCodeAt(colon) !== COLON || text.length - colon > 6) return false;
  let port = 0;
  for (let at = colon + 1; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= PORT_MAX;
}
