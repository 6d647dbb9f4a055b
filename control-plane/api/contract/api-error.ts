import { MeshError, messageOf, type Problem } from "../../../core/errors.ts";
import { problem } from "./resources.ts";
import type { ProblemCode } from "./problem-codes.ts";

/** What the client adds to the server's codes: it got no answer, or one that is not a control plane's. */
type ClientCode = "unreachable" | "not_a_control_plane";

export type ApiErrorCode = ProblemCode | ClientCode;

/** The control plane refused, could not be reached, or is none. `message` says what to do. */
export class ApiError extends MeshError<ApiErrorCode> {
  /** Of the answer; undefined where there was none. */
  readonly status: number | undefined;
  /** What is wrong with the input, by key. */
  readonly problems: readonly Problem[];
  /** Finds the request in the control plane's log; undefined where there was no answer. */
  readonly requestId: string | undefined;

  constructor(
    message: string,
    facts: {
      readonly code: ApiErrorCode;
      readonly status?: number | undefined;
      readonly problems?: readonly Problem[];
      readonly requestId?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    const { code, status, cause } = facts;
    const retryable = status === undefined ? code === "unreachable" : status === 429 || status === 503;
    const source = status !== undefined && status < 500 ? "input" : "upstream";
    super(message, { code, source, retryable, cause });
    this.status = status;
    this.problems = facts.problems ?? [];
    this.requestId = facts.requestId;
  }
}

/** An answer of problem+json as an error; what is no problem document is not a control plane's. */
export function problemError(
  base: URL,
  status: number,
  text: string,
  requestId: string | undefined,
): ApiError {
  const parsed = problem.safeParse(parseJson(text));
  if (!parsed.success) return notControlPlane(base, `it answered ${status} without a problem document`);
  const { code, detail, problems = [], status: said } = parsed.data;
  const listed = problems.map(({ where, key, message }): Problem => {
    return key === undefined ? { where, message } : { where, key, message };
  });
  return new ApiError(detail, { code: code as ProblemCode, status: said, problems: listed, requestId });
}

export function notControlPlane(base: URL, why: string): ApiError {
  return new ApiError(`${base.origin} does not answer as a control plane (${why}): check the address`, {
    code: "not_a_control_plane",
  });
}

/**
 * How it stands with the certificate that a server may ask a client for: one that it does not take is closed without a
 * word. `settled`: there is no TLS, or it has answered this client before.
 */
export type ShownCertificate = "none" | "shown" | "settled";

/** What a failed connection means, and what to do about it. */
export function unreachable(base: URL, cause: unknown, certificate: ShownCertificate): ApiError {
  return new ApiError(`cannot reach the control plane at ${base.origin}: ${reason(cause, certificate)}`, {
    code: "unreachable",
    cause,
  });
}

/** An answer began and did not come to its end: what came of it is a part. */
export function cutOff(base: URL, cause: unknown, requestId: string | undefined): ApiError {
  return new ApiError(
    `the answer of the control plane at ${base.origin} was cut off, and is not all there is: ${reason(cause, "settled")}`,
    { code: "unreachable", requestId, cause },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there; start it with `sluice control-plane`, or check the address",
  ENOTFOUND: "no such host; check the address",
  EAI_AGAIN: "the name cannot be looked up at the moment; check the network",
  EHOSTUNREACH: "no way to that host; check the network",
  ENETUNREACH: "no way to that network; check the network",
  UND_ERR_CONNECT_TIMEOUT: "it did not accept the connection in time; check the address and firewalls",
  UND_ERR_HEADERS_TIMEOUT: "it did not answer in time; try again",
  UND_ERR_BODY_TIMEOUT: "its answer stopped; try again",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by nobody known; give the CA's certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is signed by a CA that is not known; give the CA's certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate is signed by a CA that is not known; give the CA's certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "its certificate is signed by a CA that is not known; give the CA's certificate",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name; check the address",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS; use http:// in the address",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS; use http:// in the address",
  HPE_INVALID_CONSTANT: "it does not speak HTTP; use https:// in the address if it has a certificate",
};

const CLOSED: readonly string[] = ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "HPE_INVALID_EOF_STATE"];

const CERTIFICATE_ADVICE = {
  none: "it may want a client's certificate, and none was shown: name one with `sluice context set NAME --server URL --cert FILE --key FILE`",
  shown:
    "it may not take the client's certificate that was shown: see whether its authority (--tls-client-authority) signed it",
  settled: "it may be restarting, try again",
} as const satisfies Record<ShownCertificate, string>;

function reason(cause: unknown, certificate: ShownCertificate): string {
  const code = codeOf(cause);
  if (code === undefined) return messageOf(cause);
  const known = REASONS[code];
  if (known !== undefined) return known;
  const advice = CERTIFICATE_ADVICE[certificate];
  if (CLOSED.includes(code))
    return `it closed the connection; ${certificate === "settled" ? advice : `${advice}; or it is restarting`}`;
  return code.startsWith("ERR_SSL_") ? `TLS failed (${code}); ${advice}` : messageOf(cause);
}

/** The system's code, which lies in the cause of what fetch and sockets throw; for several addresses, of the first. */
function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return codeOf(thrown.errors[0]);
  if ("code" in thrown && typeof thrown.code === "string") return thrown.code;
  return codeOf(thrown.cause);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
