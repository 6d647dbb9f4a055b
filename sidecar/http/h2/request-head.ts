import type { RequestHead } from "../exchange.ts";
import type { WireLimits } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import { hasPort, isAuthority } from "./authority.ts";
import { blockFromFlat } from "./flat-headers.ts";

export type RequestHeadRead =
  | { readonly kind: "head"; readonly head: RequestHead; readonly length: number | undefined }
  | { readonly kind: "refused"; readonly error: WireError };

const HASH = 0x23;
const SLASH = 0x2f;
const COLON = 0x3a;

interface PseudoHeaders {
  method: string;
  scheme: string | undefined;
  path: string | undefined;
  authority: string | undefined;
  /** Where the fields begin. */
  next: number;
}

/**
 * Reads a request's head from node's flat list, and refuses what would not be one request to everybody once it is
 * HTTP/1.1. nghttp2 has refused already: upper-case names, connection-specific fields, `te` other than trailers,
 * pseudo-headers that are missing, repeated, unknown or late, bad methods and Content-Length (RFC 9113 §8.2, §8.3);
 * and it has dropped fields with illegal bytes. Tests with raw frames hold it to that.
 */
export function readRequestHead(
  flat: readonly string[],
  endStream: boolean,
  limits: WireLimits,
): RequestHeadRead {
  const pseudo = readPseudoHeaders(flat);
  const { method, path, next } = pseudo;
  const host = fieldOf(flat, next, "host");
  const authority = pseudo.authority ?? host?.value;
  const problem = problemOf(pseudo, authority, host);
  if (problem !== undefined) return refused(new WireError("bad_request", problem));
  if (path !== undefined && path.length > limits.targetBytes)
    return refused(new WireError("target_too_long", `:path has ${path.length} bytes`));
  const fields = joinCookies(flat, next);
  const head: RequestHead = {
    protocol: "h2",
    method,
    target: path ?? "",
    authority: authority ?? "",
    headers: blockFromFlat(fields, fields === flat ? next : 0),
    upgrade: false,
    expectsContinue: fieldOf(flat, next, "expect")?.value.toLowerCase() === "100-continue",
  };
  return { kind: "head", head, length: endStream ? 0 : contentLength(flat, next) };
}

/** They come first: nghttp2 refuses others. */
function readPseudoHeaders(flat: readonly string[]): PseudoHeaders {
  const pseudo: PseudoHeaders = {
    method: "",
    scheme: undefined,
    path: undefined,
    authority: undefined,
    next: 0,
  };
  for (; flat[pseudo.next]?.charCodeAt(0) === COLON; pseudo.next += 2) {
    const value = flat[pseudo.next + 1] ?? "";
    switch (flat[pseudo.next]) {
      case ":method":
        pseudo.method = value;
        break;
      case ":scheme":
        pseudo.scheme = value;
        break;
      case ":path":
        pseudo.path = value;
        break;
      case ":authority":
        pseudo.authority = value;
        break;
    }
  }
  return pseudo;
}

function problemOf(
  pseudo: PseudoHeaders,
  authority: string | undefined,
  host: Field | undefined,
): string | undefined {
  const { method, scheme, path } = pseudo;
  if (authority === undefined || !isAuthority(authority))
    return ":authority is not a host with an optional port";
  if (host?.repeated === true) return "more than one Host";
  // Two names for one request: whoever comes behind us might take the other one (RFC 9113 §8.3.1).
  if (host !== undefined && host.value !== authority && host.value.toLowerCase() !== authority.toLowerCase())
    return "Host is not :authority";
  if (method === "CONNECT") return hasPort(authority) ? undefined : "CONNECT needs a port in :authority";
  if (scheme !== "http" && scheme !== "https") return ":scheme is neither http nor https";
  if (path === undefined || !isTarget(path, method)) return ":path is not an origin-form target";
  return undefined;
}

/** Origin form, or `*` for OPTIONS: visible ASCII without `#`, which is what HTTP/1.1 can carry. */
function isTarget(path: string, method: string): boolean {
  if (path.charCodeAt(0) !== SLASH) return path === "*" && method === "OPTIONS";
  for (let i = 1; i < path.length; i++) {
    const byte = path.charCodeAt(i);
    if (byte <= 0x20 || byte >= 0x7f || byte === HASH) return false;
  }
  return true;
}

interface Field {
  readonly value: string;
  readonly repeated: boolean;
}

function fieldOf(flat: readonly string[], from: number, name: string): Field | undefined {
  for (let i = from; i < flat.length; i += 2) {
    if (flat[i] === name) return { value: flat[i + 1] ?? "", repeated: indexOfName(flat, i + 2, name) >= 0 };
  }
  return undefined;
}

function indexOfName(flat: readonly string[], from: number, name: string): number {
  for (let i = from; i < flat.length; i += 2) if (flat[i] === name) return i;
  return -1;
}

function contentLength(flat: readonly string[], from: number): number | undefined {
  const at = indexOfName(flat, from, "content-length");
  return at < 0 ? undefined : Number(flat[at + 1]);
}

/**
 * Cookie crumbs become one field, in the place of the first: outside HTTP/2 there is at most one (RFC 9113 §8.2.3).
 * The same list where there are no crumbs; otherwise a new one, without pseudo-headers.
 */
function joinCookies(flat: readonly string[], from: number): readonly string[] {
  const first = indexOfName(flat, from, "cookie");
  if (first < 0 || indexOfName(flat, first + 2, "cookie") < 0) return flat;
  const crumbs: string[] = [];
  const joined: string[] = [];
  for (let i = from; i < flat.length; i += 2) {
    const name = flat[i] ?? "";
    const value = flat[i + 1] ?? "";
    if (name === "cookie") crumbs.push(value);
    if (name !== "cookie" || i === first) joined.push(name, value);
  }
  joined[first - from + 1] = crumbs.join("; ");
  return joined;
}

function refused(error: WireError): RequestHeadRead {
  return { kind: "refused", error };
}
