import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { isAuthority, isAuthorityWithPort } from "../authority.ts";
import type { RequestHead } from "../exchange.ts";
import { LONGEST_METHOD, type WireLimits } from "../limits.ts";
import { WireError, type WireErrorCode } from "../wire-error.ts";
import { LINE_OVERHEAD } from "./head-bytes.ts";

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

/** The fields that mean something to the wire, found in one pass. */
interface WireFields {
  host: string | undefined;
  hosts: number;
  cookies: number;
  length: number | undefined;
  expectation: string | undefined;
  expectations: number;
  /** What they take as lines of HTTP/1.1. */
  bytes: number;
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
  const fields = readWireFields(flat, next);
  const problem = problemOf(pseudo, fields) ?? problemOfTrace(method, fields, endStream);
  if (problem !== undefined) return refused("bad_request", problem);
  const expects = expectsContinue(fields);
  if (expects === undefined) return refused("expectation_failed", "an expectation other than 100-continue");
  const target = path ?? "";
  if (target.length > limits.targetBytes)
    return refused("target_too_long", `:path has ${target.length} bytes`);
  if ((flat.length - next) / 2 > limits.headFields)
    return refused("header_too_large", `more than ${limits.headFields} fields`);
  const crumbled = fields.cookies > 1;
  const headers = HeaderBlock.fromFields(crumbled ? withJoinedCookies(flat, next) : flat.slice(next));
  const bytes = fields.bytes + target.length;
  // node enforces the announced limit only once the client has acknowledged it.
  if (bytes > limits.headBytes) return refused("header_too_large", `the head has ${bytes} bytes`);
  const head: RequestHead = {
    protocol: "h2",
    method,
    target,
    authority: pseudo.authority ?? fields.host ?? "",
    headers,
    upgrade: false,
    // Not where no body follows.
    expectsContinue: expects && !endStream,
  };
  return { kind: "head", head, length: endStream ? 0 : fields.length };
}

function refused(code: WireErrorCode, detail: string): RequestHeadRead {
  return { kind: "refused", error: new WireError(code, detail) };
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
    const name = flat[pseudo.next];
    const value = flat[pseudo.next + 1] ?? "";
    if (name === ":method") pseudo.method = value;
    else if (name === ":scheme") pseudo.scheme = value;
    else if (name === ":path") pseudo.path = value;
    else if (name === ":authority") pseudo.authority = value;
  }
  return pseudo;
}

function readWireFields(flat: readonly string[], from: number): WireFields {
  const fields: WireFields = {
    host: undefined,
    hosts: 0,
    cookies: 0,
    length: undefined,
    expectation: undefined,
    expectations: 0,
    bytes: 0,
  };
  for (let i = from; i < flat.length; i += 2) {
    const name = flat[i] ?? "";
    fields.bytes += name.length + (flat[i + 1]?.length ?? 0) + LINE_OVERHEAD;
    if (name === "cookie") fields.cookies++;
    else if (name === "content-length") fields.length = Number(flat[i + 1]);
    else if (name === "expect") {
      fields.expectation = flat[i + 1];
      fields.expectations++;
    } else if (name === "host") {
      fields.host = flat[i + 1];
      fields.hosts++;
    }
  }
  return fields;
}

/** RFC 9110 §10.1.1: undefined for what nobody can meet. */
function expectsContinue({ expectation, expectations }: WireFields): boolean | undefined {
  if (expectation === undefined) return false;
  return expectations === 1 && expectation.toLowerCase() === "100-continue" ? true : undefined;
}

function problemOf(pseudo: PseudoHeaders, { host, hosts, length }: WireFields): string | undefined {
  const { method, scheme, path } = pseudo;
  if (method.length > LONGEST_METHOD) return `a method longer than ${LONGEST_METHOD} bytes`;
  // RFC 9113 §11.6: never a method, only the first word of a connection.
  if (method === "PRI") return "PRI for a method";
  if (length !== undefined && !Number.isSafeInteger(length)) return "a Content-Length that no number holds";
  const authority = pseudo.authority ?? host;
  if (authority === undefined || !isAuthority(authority))
    return ":authority is not a host with an optional port";
  if (hosts > 1) return "more than one Host";
  // Two names for one request: whoever comes behind us might take the other one (RFC 9113 §8.3.1).
  if (host !== undefined && host !== authority && host.toLowerCase() !== authority.toLowerCase())
    return "Host is not :authority";
  if (method === "CONNECT")
    return isAuthorityWithPort(authority) ? undefined : "CONNECT needs a port in :authority";
  if (scheme !== "http" && scheme !== "https") return ":scheme is neither http nor https";
  if (path === undefined || !isTarget(path, method)) return ":path is not an origin-form target";
  return undefined;
}

/** RFC 9110 §9.3.8, as over HTTP/1.1: an app that takes no body of TRACE would read it as the next request. */
function problemOfTrace(method: string, { length }: WireFields, endStream: boolean): string | undefined {
  return method === "TRACE" && !endStream && length !== 0 ? "TRACE with a body" : undefined;
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

/** Cookie crumbs as one field, in the place of the first: outside HTTP/2 there is one (RFC 9113 §8.2.3). */
function withJoinedCookies(flat: readonly string[], from: number): readonly string[] {
  const crumbs: string[] = [];
  const joined: string[] = [];
  let valueAt = 0;
  for (let i = from; i < flat.length; i += 2) {
    const name = flat[i] ?? "";
    const value = flat[i + 1] ?? "";
    if (name === "cookie" && crumbs.push(value) > 1) continue;
    joined.push(name, value);
    if (name === "cookie") valueAt = joined.length - 1;
  }
  joined[valueAt] = crumbs.join("; ");
  return joined;
}
