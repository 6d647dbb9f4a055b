import { constants } from "node:http2";

import { WireError, type WireErrorCode } from "../wire-error.ts";

/** The RST_STREAM code (RFC 9113 §7) that tells a peer why we cut its stream. */
export function resetCodeOf(reason: WireErrorCode): number {
  switch (reason) {
    case "bad_request":
    case "header_too_large":
    case "target_too_long":
    case "unsupported_version":
      return constants.NGHTTP2_PROTOCOL_ERROR;
    case "too_many_requests_in_flight":
    case "pool_full":
    case "draining":
      return constants.NGHTTP2_REFUSED_STREAM;
    case "client_gone":
    case "client_too_slow":
    case "request_timeout":
    case "body_timeout":
    case "cancelled":
    case "upstream_timeout":
    case "upstream_body_timeout":
      return constants.NGHTTP2_CANCEL;
    case "upstream_refused":
    case "upstream_unreachable":
    case "upstream_connect_timeout":
    case "upstream_reset":
    case "upstream_closed_early":
    case "upstream_invalid":
      return constants.NGHTTP2_INTERNAL_ERROR;
  }
}

/** Why a client's stream ended before its answer was complete. */
export function clientReset(code: number): WireError {
  if (code === constants.NGHTTP2_PROTOCOL_ERROR)
    return new WireError("bad_request", "the request broke the rules of HTTP/2");
  return new WireError("client_gone", `the client ended the stream with code ${code}`);
}
