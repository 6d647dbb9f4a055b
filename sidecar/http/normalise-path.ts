import { byteTable } from "../../core/headers/field-syntax.ts";
import { WireError } from "./wire-error.ts";

/**
 * Escapes of these are taken apart: what apps read the same, escaped or not. Not `%`, which would be decoded twice;
 * not `?`, `#` and `;`, which divide when they are not escaped; not spaces, controls and bytes over ASCII, whose
 * escapes are their only form. `/`, `\` and NUL are refused.
 */
const DECODED_BYTES = byteTable(
  (byte) => byte > 0x20 && byte < 0x7f && !"%?#;/\\".includes(String.fromCharCode(byte)),
);

const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

/**
 * The form of a raw path (without query) that matching uses, so that two spellings of one path match alike: escapes
 * decoded where that is unambiguous and otherwise in upper case, dot segments resolved (RFC 3986 §5.2.4, §6.2.2),
 * repeated slashes one. What apps disagree about comes back as `bad_request`.
 */
export function normalisePath(path: string): string | WireError {
  if (isNormal(path)) return path;
  const decoded = decode(path);
  return typeof decoded === "string" ? resolveSegments(decoded) : decoded;
}

/** Nearly every path: nothing escaped, no segment that begins with a dot or is empty, nothing that divides. */
function isNormal(path: string): boolean {
  for (let at = 0; at < path.length; at++) {
    const char = path.charCodeAt(at);
    if (char === PERCENT || char === BACKSLASH || char === SEMICOLON) return false;
    if (char !== SLASH) continue;
    const next = path.charCodeAt(at + 1);
    if (next === SLASH || next === DOT) return false;
  }
  return true;
}

/**
 * The same path as an app sees it that resolves no dot segments and routes by what stands before them (`/private/../a`);
 * undefined where that is nothing else. `normal` is the path in the form above.
 */
export function unresolvedPath(path: string, normal: string): string | undefined {
  if (path === normal || !/\/(\.|%2e)/i.test(path)) return undefined;
  const decoded = decode(path);
  const merged = typeof decoded === "string" ? decoded.replace(/\/{2,}/g, "/") : normal;
  return merged === normal ? undefined : merged;
}

function decode(path: string): string | WireError {
  if (path.includes("\\")) return refused("a backslash in the path");
  let decoded = "";
  let from = 0;
  for (let at = path.indexOf("%"); at >= 0; at = path.indexOf("%", from)) {
    const escape = path.slice(at + 1, at + 3);
    if (!/^[0-9a-f]{2}$/i.test(escape)) return refused("a malformed escape in the path");
    const byte = Number.parseInt(escape, 16);
    if (byte === 0 || byte === SLASH || byte === BACKSLASH)
      return refused(`an escaped ${byte === 0 ? "NUL" : "slash or backslash"} in the path`);
    const char = DECODED_BYTES[byte] === 1 ? String.fromCharCode(byte) : `%${escape.toUpperCase()}`;
    decoded += path.slice(from, at) + char;
    from = at + 3;
  }
  return decoded + path.slice(from);
}

function resolveSegments(path: string): string | WireError {
  const resolved: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    const name = segment.replace(/;.*$/s, "");
    const dots = name === "." || name === "..";
    // Some servers cut parameters off before they look at dots, others do not: `/a/..;/b` is two paths.
    if (dots && name !== segment) return refused("a dot segment with parameters");
    // And some then merge slashes: `/;/a` is `/a` to them. At the end (`/;jsessionid=1`) it is the folder to all.
    if (name === "" && segment !== "" && !last) return refused("a segment of nothing but parameters");
    if (name === "..") {
      if (resolved.length === 0) return refused("a path that climbs out of the root");
      // Whether an empty segment is one to be climbed out of depends on who merges slashes first.
      if (segments[index - 1] === "") return refused("an empty segment before a dot segment");
      resolved.pop();
    } else if (!dots && segment !== "") resolved.push(segment);
    // What ends in a slash or in dots names a folder.
    if (last && (dots || segment === "")) resolved.push("");
  }
  return `/${resolved.join("/")}`;
}

function refused(detail: string): WireError {
  return new WireError("bad_request", detail);
}
