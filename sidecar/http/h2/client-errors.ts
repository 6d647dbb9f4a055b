import { WireError, type WireErrorCode } from "../wire-error.ts";

const CONNECT_ERRORS: Readonly<Record<string, WireErrorCode>> = {
  ECONNREFUSED: "upstream_refused",
  ETIMEDOUT: "upstream_connect_timeout",
  EHOSTUNREACH: "upstream_unreachable",
  ENETUNREACH: "upstream_unreachable",
  EHOSTDOWN: "upstream_unreachable",
  ENETDOWN: "upstream_unreachable",
  EADDRNOTAVAIL: "upstream_unreachable",
  ENOTFOUND: "upstream_unreachable",
  EAI_AGAIN: "upstream_unreachable",
  ENOENT: "upstream_unreachable",
};

/** Why there is no session: nothing of any request has been sent. */
export function connectError(thrown: unknown, where: string): WireError {
  if (thrown instanceof WireError) return thrown;
  const code = CONNECT_ERRORS[codeOf(thrown)] ?? protocolError(thrown);
  return new WireError(code, `no HTTP/2 session with ${where}`, { retryable: true, cause: thrown });
}

/** Why a session that had been ready ended while calls were under way. */
export function sessionError(thrown: unknown, where: string): WireError {
  if (thrown instanceof WireError) return thrown;
  return new WireError(protocolError(thrown), `the HTTP/2 session with ${where} ended`, { cause: thrown });
}

/** nghttp2's complaints about bytes that are not HTTP/2; anything else is a connection that broke. */
function protocolError(thrown: unknown): WireErrorCode {
  return codeOf(thrown) === "ERR_HTTP2_ERROR" ? "upstream_invalid" : "upstream_reset";
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
}
