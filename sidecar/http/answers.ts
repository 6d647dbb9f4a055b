import { HeaderBlock } from "../../core/headers/header-block.ts";
import type { ResponseHead } from "./exchange.ts";
import type { WireErrorCode } from "./wire-error.ts";

/** What a client hears of a wire error. Codes only: what exactly went wrong stands in our log. */
export interface ErrorAnswer {
  readonly status: number;
  /** For calls over gRPC, whose status travels in trailers; never 0. */
  readonly grpcStatus: number;
  /** Whether the client's connection is of no use any more: we cannot tell where its next request would begin. */
  readonly close: boolean;
  readonly head: ResponseHead;
  readonly body: Buffer;
}

interface Outcome {
  readonly status: number;
  readonly grpc: GrpcStatus;
  readonly title: string;
  readonly close?: true;
}

/** The statuses of gRPC that a wire error can mean. */
const GRPC = {
  cancelled: 1,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  internal: 13,
  unavailable: 14,
} as const;
type GrpcStatus = (typeof GRPC)[keyof typeof GRPC];

/**
 * The only place that picks a status for a wire error. 499, as nginx has it, is for logs and metrics: nobody is there
 * to read it.
 */
const OUTCOMES: Readonly<Record<WireErrorCode, Outcome>> = {
  bad_request: { status: 400, grpc: GRPC.internal, title: "Malformed request", close: true },
  header_too_large: { status: 431, grpc: GRPC.resourceExhausted, title: "Header too large", close: true },
  target_too_long: {
    status: 414,
    grpc: GRPC.resourceExhausted,
    title: "Request target too long",
    close: true,
  },
  request_timeout: { status: 408, grpc: GRPC.deadlineExceeded, title: "Request took too long", close: true },
  body_timeout: {
    status: 408,
    grpc: GRPC.deadlineExceeded,
    title: "Request body took too long",
    close: true,
  },
  client_gone: { status: 499, grpc: GRPC.cancelled, title: "Client is gone", close: true },
  client_too_slow: { status: 499, grpc: GRPC.cancelled, title: "Client does not read", close: true },
  unsupported_version: { status: 505, grpc: GRPC.internal, title: "HTTP version not supported", close: true },
  unknown_coding: { status: 501, grpc: GRPC.internal, title: "Transfer coding not supported", close: true },
  expectation_failed: { status: 417, grpc: GRPC.internal, title: "Expectation cannot be met", close: true },
  loop_detected: { status: 508, grpc: GRPC.internal, title: "The destination is this sidecar itself" },
  too_many_requests_in_flight: { status: 503, grpc: GRPC.unavailable, title: "Too many requests" },
  draining: { status: 503, grpc: GRPC.unavailable, title: "Shutting down", close: true },
  upstream_refused: { status: 502, grpc: GRPC.unavailable, title: "Upstream refused the connection" },
  upstream_unreachable: { status: 502, grpc: GRPC.unavailable, title: "Upstream cannot be reached" },
  upstream_connect_timeout: { status: 504, grpc: GRPC.unavailable, title: "Upstream did not accept in time" },
  upstream_reset: { status: 502, grpc: GRPC.unavailable, title: "Upstream closed the connection" },
  upstream_closed_early: { status: 502, grpc: GRPC.unavailable, title: "Upstream broke off its answer" },
  upstream_timeout: { status: 504, grpc: GRPC.deadlineExceeded, title: "Upstream did not answer in time" },
  upstream_body_timeout: { status: 504, grpc: GRPC.deadlineExceeded, title: "Upstream stalled" },
  upstream_invalid: { status: 502, grpc: GRPC.internal, title: "Upstream gave an invalid answer" },
  pool_full: { status: 503, grpc: GRPC.unavailable, title: "Too many requests wait for the upstream" },
  cancelled: { status: 499, grpc: GRPC.cancelled, title: "Cancelled" },
};

/** Made once: an answer in trouble is cheap. */
const ANSWERS: ReadonlyMap<WireErrorCode, ErrorAnswer> = new Map(
  Object.entries(OUTCOMES).map(([code, outcome]) => [code as WireErrorCode, toAnswer(code, outcome)]),
);

/** What a client is answered when an exchange fails with `code`; the same objects each time, not to be changed. */
export function errorAnswer(code: WireErrorCode): ErrorAnswer {
  const answer = ANSWERS.get(code);
  if (answer === undefined) throw new RangeError(`no answer for ${code}`);
  return answer;
}

function toAnswer(code: string, outcome: Outcome): ErrorAnswer {
  const { status, title } = outcome;
  const body = Buffer.from(`${JSON.stringify({ status, title, code })}\n`);
  const headers = HeaderBlock.fromFlat(["content-type", "application/problem+json", "x-mesh-error", code]);
  return {
    status,
    grpcStatus: outcome.grpc,
    close: outcome.close ?? false,
    head: { status, headers },
    body,
  };
}
