import { SPACE, TAB } from "../../../core/headers/field-syntax.ts";
import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import { FIELD } from "../../../core/headers/known-fields.ts";
import { tokenList } from "../../../core/headers/token-list.ts";
import type { WireErrorCode } from "../wire-error.ts";
import type { KnownFieldIndex } from "./field-scanner.ts";
import type { Framing } from "./message.ts";

export type FramingResult =
  | Framing
  | {
      readonly kind: "refused";
      /** Where a request is refused; an answer's framing is `upstream_invalid`, whatever is wrong. */
      readonly code: WireErrorCode & ("bad_request" | "unknown_coding");
      readonly detail: string;
    };

export const NO_BODY: Framing = { kind: "none" };
export const CHUNKED: Framing = { kind: "chunked" };
const UNTIL_CLOSE: Framing = { kind: "close" };
export const TUNNEL: Framing = { kind: "tunnel" };

const TWO_LENGTHS = refused("both Transfer-Encoding and Content-Length");
const BAD_LENGTH = refused("a malformed Content-Length");
const REPEATED_LENGTH = refused("more than one Content-Length");
const UNKNOWN_CODING = refused("a Transfer-Encoding other than one final chunked");
const CODING_NOT_KNOWN = refused("a transfer coding before chunked", "unknown_coding");
const CODING_IN_1_0 = refused("Transfer-Encoding in HTTP/1.0");
const INFORMED_IN_1_0 = refused("1xx in HTTP/1.0");
const CONNECT_WITH_BODY = refused("CONNECT with a body");
const TRACE_WITH_BODY = refused("TRACE with a body");

/** What of a head says how long its body is. */
export interface FramedHead {
  readonly minor: number;
  readonly headers: HeaderBlock;
  readonly known: KnownFieldIndex;
}

/** A request's body, RFC 9112 §6.3. The bytes behind CONNECT are its tunnel's, if it is granted, and no body. */
export function requestFraming(method: string, head: FramedHead): FramingResult {
  // Cases 3, 4 and 5: what the fields say, or that they cannot be trusted.
  const stated = statedFraming(head);
  if (method === "CONNECT" && stated !== undefined && stated.kind !== "refused")
    return stated.kind === "length" && stated.length === 0 ? NO_BODY : CONNECT_WITH_BODY;
  // RFC 9110 §9.3.8: no client may send one, and some servers take none.
  if (method === "TRACE" && (stated?.kind === "chunked" || (stated?.kind === "length" && stated.length > 0)))
    return TRACE_WITH_BODY;
  // Case 7: a request that states nothing has no body, nor has one that states a length of 0.
  return stated === undefined || (stated.kind === "length" && stated.length === 0) ? NO_BODY : stated;
}

/** What was asked, as far as the answer's framing depends on it. */
export interface AskedRequest {
  readonly method: string;
  /** Whether an upgrade was offered, so that 101 may be answered. */
  readonly upgrade: boolean;
}

/** An answer's body, RFC 9112 §6.3. What cannot be trusted is refused, even where there is no body to misread. */
export function responseFraming(asked: AskedRequest, status: number, head: FramedHead): FramingResult {
  // RFC 9110 §15.2: HTTP/1.0 has no such answers; who knows none takes it for the final one.
  if (status < 200 && head.minor === 0) return INFORMED_IN_1_0;
  // Case 2: a tunnel begins behind the head, whatever it says of lengths.
  if (status === 101) return asked.upgrade ? TUNNEL : refused("101 though no upgrade was asked");
  if (asked.method === "CONNECT" && status >= 200 && status < 300) return TUNNEL;
  // Cases 3, 4 and 5.
  const stated = statedFraming(head);
  if (stated?.kind === "refused") return stated;
  // Case 1: these end with their head; HEAD and 304 may say what a GET would have come to.
  if (asked.method === "HEAD" || status < 200 || status === 204 || status === 304) return NO_BODY;
  // Cases 6 and 8.
  return stated ?? UNTIL_CLOSE;
}

/** Cases 3 to 5 of §6.3: what Transfer-Encoding and Content-Length say; undefined if neither is there. */
function statedFraming({ minor, headers, known }: FramedHead): FramingResult | undefined {
  const coding = known.first(FIELD.transferEncoding);
  const length = known.first(FIELD.contentLength);
  if (coding >= 0) {
    if (length >= 0) return TWO_LENGTHS;
    // §6.1: an HTTP/1.0 peer cannot know chunked; somebody on the way would read this otherwise.
    if (minor === 0) return CODING_IN_1_0;
    if (known.repeats(FIELD.transferEncoding)) return UNKNOWN_CODING;
    if (!headers.valueEquals(coding, "chunked")) return codingRefused(headers.value(coding));
    return isTabBehind(headers, coding) ? UNKNOWN_CODING : CHUNKED;
  }
  if (length < 0) return undefined;
  if (known.repeats(FIELD.contentLength)) return REPEATED_LENGTH;
  const bytes = parseLength(headers.value(length));
  return bytes === undefined ? BAD_LENGTH : { kind: "length", length: bytes };
}

/** §6.1: 501 where only a coding is not known here; 400 where nobody can tell the body's length (§6.3, case 4). */
function codingRefused(value: string): FramingResult {
  const codings = tokenList(value) ?? [];
  return codings.length > 1 && codings.indexOf("chunked") === codings.length - 1
    ? CODING_NOT_KNOWN
    : UNKNOWN_CODING;
}

/**
 * Whether a tab stands between a value and the end of its line. It is legal white space, but widespread parsers take
 * `chunked` with a tab behind it for another coding.
 */
function isTabBehind(headers: HeaderBlock, index: number): boolean {
  let at = headers.valueEnd(index);
  while (headers.text.charCodeAt(at) === SPACE) at++;
  return headers.text.charCodeAt(at) === TAB;
}

/** RFC 9110 §8.6, without what is read in two ways: leading zeros, signs, lists, more than a number can hold. */
export function parseLength(text: string): number | undefined {
  if (text.length === 0 || text.length > 16) return undefined;
  if (text.length > 1 && text.charCodeAt(0) === 0x30) return undefined;
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    length = length * 10 + digit;
  }
  return Number.isSafeInteger(length) ? length : undefined;
}

function refused(detail: string, code: "bad_request" | "unknown_coding" = "bad_request"): FramingResult {
  return { kind: "refused", code, detail };
}
