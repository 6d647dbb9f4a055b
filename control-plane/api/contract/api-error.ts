import { MeshError, type Problem } from "../../../core/errors.ts";
import { ANSWERED, connectionAdvice, type ConnectionFacts } from "./connection-advice.ts";
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
  if (!parsed.success) return notControlPlane(base, strangeAnswer(base, status));
  const { code, detail, problems = [], status: said } = parsed.data;
  const listed = problems.map(({ where, key, message }): Problem => {
    return key === undefined ? { where, message } : { where, key, message };
  });
  return new ApiError(detail, { code: code as ProblemCode, status: said, problems: listed, requestId });
}

/** A server that wants TLS and is asked without it answers 400, where it answers at all. */
function strangeAnswer({ protocol }: URL, status: number): string {
  const answered = `it answered ${status} without a problem document`;
  return status === 400 && protocol === "http:" ? `${answered}; it may want https://` : answered;
}

export function notControlPlane(base: URL, why: string): ApiError {
  return new ApiError(`${base.origin} does not answer as a control plane (${why}): check the address`, {
    code: "not_a_control_plane",
  });
}

/** What a failed connection means, and what to do about it. */
export function unreachable(base: URL, cause: unknown, connection: ConnectionFacts): ApiError {
  return new ApiError(
    `cannot reach the control plane at ${base.origin}: ${connectionAdvice(cause, connection)}`,
    { code: "unreachable", cause },
  );
}

/** An answer began and did not come to its end: what came of it is a part. */
export function cutOff(base: URL, cause: unknown, requestId: string | undefined): ApiError {
  return new ApiError(
    `the answer of the control plane at ${base.origin} was cut off, and is not all there is: ${connectionAdvice(cause, ANSWERED)}`,
    { code: "unreachable", requestId, cause },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
