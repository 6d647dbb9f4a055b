import { constants, type Http2Session } from "node:http2";

import { WireError } from "../wire-error.ts";

/** What nghttp2's own errors mean to the peer (nghttp2.h, `nghttp2_error`); anything else is our fault. */
const CODES: ReadonlyMap<number, number> = new Map([
  [-505, constants.NGHTTP2_PROTOCOL_ERROR],
  [-510, constants.NGHTTP2_STREAM_CLOSED],
  [-522, constants.NGHTTP2_FRAME_SIZE_ERROR],
  [-523, constants.NGHTTP2_COMPRESSION_ERROR],
  [-524, constants.NGHTTP2_FLOW_CONTROL_ERROR],
  [-902, constants.NGHTTP2_ENHANCE_YOUR_CALM],
  [-904, constants.NGHTTP2_ENHANCE_YOUR_CALM],
]);

/**
 * Makes GOAWAY say what the peer did wrong. node ends a session whose peer broke the rules with INTERNAL_ERROR
 * whatever it was, and hands its error to `destroy` without a code.
 */
export function tellPeerWhatWasWrong(session: Http2Session): void {
  session.destroy = destroyWithCode;
}

/** What the peer did wrong; undefined for an error that is not nghttp2's, such as one of ours or of the socket. */
export function brokenRule(error: Error): WireError | undefined {
  return codeOf(error) === undefined ? undefined : new WireError("bad_request", `HTTP/2: ${error.message}`);
}

/** node calls it with an error, with a code alone, with nothing, and with null. */
function destroyWithCode(this: Http2Session, error?: Error, code?: number): void {
  const prototype = Object.getPrototypeOf(this) as Http2Session;
  prototype.destroy.call(this, error, code ?? codeOf(error));
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return undefined;
  return CODES.get(error.errno);
}
