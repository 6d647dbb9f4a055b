import type { OperationErrorCode } from "../../model/operation-error.ts";

/** What the API answers with beside what operations refuse: trouble with the request itself. */
type RequestProblemCode =
  | "malformed"
  | "no_such_endpoint"
  | "method_not_allowed"
  | "request_timeout"
  | "unsupported_media_type"
  | "range_not_satisfiable"
  | "too_many_watches"
  | "internal";

export type ProblemCode = OperationErrorCode | RequestProblemCode;

interface ProblemKind {
  readonly status: number;
  /** The same for every problem of this code; the detail differs. */
  readonly title: string;
}

/** The one table from codes to HTTP: server, OpenAPI and docs go by it. */
export const PROBLEM_CODES = {
  malformed: { status: 400, title: "The request cannot be read" },
  unauthenticated: { status: 401, title: "No valid token" },
  forbidden: { status: 403, title: "The token does not allow this" },
  not_found: { status: 404, title: "There is no such thing" },
  no_such_endpoint: { status: 404, title: "There is no such endpoint" },
  method_not_allowed: { status: 405, title: "The endpoint does not take this method" },
  request_timeout: { status: 408, title: "The request took too long to arrive" },
  conflict: { status: 409, title: "Something else is there already" },
  in_use: { status: 409, title: "It is in use" },
  wrong_state: { status: 409, title: "Not possible in this state" },
  revision_mismatch: { status: 412, title: "It was changed since you saw it" },
  too_large: { status: 413, title: "Too large" },
  unsupported_media_type: { status: 415, title: "Another content type is expected" },
  range_not_satisfiable: { status: 416, title: "There are no such bytes" },
  invalid_input: { status: 422, title: "The request is not valid" },
  too_many_watches: { status: 429, title: "Too many watches are open" },
  internal: { status: 500, title: "Something went wrong here" },
  unavailable: { status: 503, title: "Not possible at the moment" },
  insufficient_storage: { status: 507, title: "No space is left" },
} as const satisfies Readonly<Record<ProblemCode, ProblemKind>>;
