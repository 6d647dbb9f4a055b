import type { Protocol } from "../exchange.ts";
import { CHUNKED, NO_BODY, TUNNEL } from "./framing.ts";
import type { Framing } from "./message.ts";

/** Methods whose requests say `Content-Length: 0` when they have no content (RFC 9110 §8.6). */
const METHODS_WITH_CONTENT: readonly string[] = ["POST", "PUT", "PATCH"];

/** How a request's body is sent on: `length` is its source's, undefined when only the end tells. */
export function outgoingRequestFraming(method: string, length: number | undefined): Framing {
  if (length === undefined) return CHUNKED;
  if (length === 0 && !METHODS_WITH_CONTENT.includes(method)) return NO_BODY;
  return { kind: "length", length };
}

/**
 * How an answer's body is sent on. For HEAD and 304 the length is announced and no byte follows; a client of
 * HTTP/1.0 knows no chunks, so the end of its connection ends the body (RFC 9112 §6.1).
 */
export function outgoingResponseFraming(
  asked: { readonly method: string; readonly protocol: Protocol },
  status: number,
  length: number | undefined,
): Framing {
  if (status === 101 || (asked.method === "CONNECT" && status >= 200 && status < 300)) return TUNNEL;
  if (status < 200 || status === 204) return NO_BODY;
  // RFC 9110 §8.6: a length here is what a GET's 200 would have, and that of what is not sent is not 0.
  if (status === 304 && length === 0) return NO_BODY;
  // A 304 or an answer to HEAD without a length announces nothing: nobody knows what a GET would come to.
  if ((asked.method === "HEAD" || status === 304) && length === undefined) return NO_BODY;
  if (length !== undefined) return { kind: "length", length };
  return asked.protocol === "http/1.0" ? { kind: "close" } : CHUNKED;
}
