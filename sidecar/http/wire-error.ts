import { MeshError, type ErrorSource } from "../../core/errors.ts";

/**
 * Everything that can go wrong on a wire, and whose fault it is. What the client is answered stands in one place,
 * `answers.ts`; `X-Mesh-Error` and metrics carry the code.
 */
export const WIRE_ERRORS = {
  bad_request: "downstream",
  header_too_large: "downstream",
  target_too_long: "downstream",
  request_timeout: "downstream",
  body_timeout: "downstream",
  client_gone: "downstream",
  client_too_slow: "downstream",
  unsupported_version: "downstream",
  unknown_coding: "downstream",
  expectation_failed: "downstream",
  loop_detected: "downstream",
  too_many_requests_in_flight: "internal",
  draining: "internal",
  upstream_refused: "upstream",
  upstream_unreachable: "upstream",
  upstream_connect_timeout: "upstream",
  upstream_reset: "upstream",
  upstream_closed_early: "upstream",
  upstream_timeout: "upstream",
  upstream_body_timeout: "upstream",
  upstream_invalid: "upstream",
  pool_full: "internal",
  cancelled: "internal",
} as const satisfies Record<string, ErrorSource>;

export type WireErrorCode = keyof typeof WIRE_ERRORS;

export interface WireErrorOptions {
  /** True only if no byte of an answer came and sending the request again cannot do harm by itself. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** A failure of one exchange's wire; `detail` goes to logs, never to clients. */
export class WireError extends MeshError<WireErrorCode> {
  constructor(code: WireErrorCode, detail: string, options: WireErrorOptions = {}) {
    super(detail, { code, source: WIRE_ERRORS[code], ...options });
  }
}
