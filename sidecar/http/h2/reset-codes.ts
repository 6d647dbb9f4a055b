import { constants } from "node:http2";

import { WireError, type WireErrorCode } from "../wire-error.ts";

const {
  NGHTTP2_CANCEL,
  NGHTTP2_COMPRESSION_ERROR,
  NGHTTP2_FLOW_CONTROL_ERROR,
  NGHTTP2_FRAME_SIZE_ERROR,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_PROTOCOL_ERROR,
  NGHTTP2_REFUSED_STREAM,
} = constants;

const RESET_CODES: Readonly<Record<WireErrorCode, number>> = {
  bad_request: NGHTTP2_PROTOCOL_ERROR,
  header_too_large: NGHTTP2_PROTOCOL_ERROR,
  target_too_long: NGHTTP2_PROTOCOL_ERROR,
  unsupported_version: NGHTTP2_PROTOCOL_ERROR,
  unknown_coding: NGHTTP2_PROTOCOL_ERROR,
  expectation_failed: NGHTTP2_PROTOCOL_ERROR,
  loop_detected: NGHTTP2_PROTOCOL_ERROR,
  // Nothing was done for it: it may be sent again.
  too_many_requests_in_flight: NGHTTP2_REFUSED_STREAM,
  pool_full: NGHTTP2_REFUSED_STREAM,
  draining: NGHTTP2_REFUSED_STREAM,
  client_gone: NGHTTP2_CANCEL,
  client_too_slow: NGHTTP2_CANCEL,
  request_timeout: NGHTTP2_CANCEL,
  body_timeout: NGHTTP2_CANCEL,
  cancelled: NGHTTP2_CANCEL,
  upstream_timeout: NGHTTP2_CANCEL,
  upstream_body_timeout: NGHTTP2_CANCEL,
  upstream_refused: NGHTTP2_INTERNAL_ERROR,
  upstream_unreachable: NGHTTP2_INTERNAL_ERROR,
  upstream_connect_timeout: NGHTTP2_INTERNAL_ERROR,
  upstream_reset: NGHTTP2_INTERNAL_ERROR,
  upstream_closed_early: NGHTTP2_INTERNAL_ERROR,
  upstream_invalid: NGHTTP2_INTERNAL_ERROR,
};

/** The RST_STREAM code (RFC 9113 §7) that tells a peer why we cut its stream. */
export function resetCodeOf(reason: WireErrorCode): number {
  return RESET_CODES[reason];
}

/** Why a client's stream ended before its answer was complete. */
export function clientReset(code: number): WireError {
  if (code === constants.NGHTTP2_PROTOCOL_ERROR)
    return new WireError("bad_request", "the request broke the rules of HTTP/2");
  return new WireError("client_gone", `the client ended the stream with code ${code}`);
}

/** What is said of a broken rule, by nghttp2 of the app's frames or by the app of ours: node does not tell by whom. */
const BROKEN_RULES: ReadonlySet<number> = new Set([
  NGHTTP2_PROTOCOL_ERROR,
  NGHTTP2_FLOW_CONTROL_ERROR,
  NGHTTP2_FRAME_SIZE_ERROR,
  NGHTTP2_COMPRESSION_ERROR,
]);

/** Whether a stream ended for a broken rule, as nghttp2 or the peer sees it. */
export function breaksRules(code: number): boolean {
  return BROKEN_RULES.has(code);
}

/** Why an app's stream ended before its answer was complete, while its connection goes on. */
export function appReset(code: number, when: string, retryable: boolean): WireError {
  const broken = breaksRules(code);
  const detail = broken ? "broke the rules of HTTP/2, or says that we did," : "reset the stream";
  const kind = broken ? "upstream_invalid" : "upstream_reset";
  return new WireError(kind, `the upstream ${detail} ${when}, code ${code}`, { retryable });
}
