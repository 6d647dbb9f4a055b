import { MeshError, type Problem } from "../../core/errors.ts";

/**
 * Why an operation did not do what it was asked for. REST and gRPC each have one table from these codes to a status;
 * the codes are stable and documented.
 */
export const OPERATION_ERROR_CODES = [
  /** What it names is not there. */
  "not_found",
  /** The name is taken, or the same version with other bytes. */
  "conflict",
  /** Somebody else has changed it since the caller saw it. */
  "revision_mismatch",
  "invalid_input",
  "unauthenticated",
  "forbidden",
  /** Something still refers to it. */
  "in_use",
  /** Not in this state; the message says which actions are possible. */
  "wrong_state",
  "too_large",
  /** The disk or the quota is full. */
  "insufficient_storage",
  /** The store or the disk failed; trying again may help. */
  "unavailable",
] as const;
export type OperationErrorCode = (typeof OPERATION_ERROR_CODES)[number];

/** An operation that was refused; `message` says what, where and what to do, and is shown to whoever asked. */
export class OperationError extends MeshError<OperationErrorCode> {
  /** Of `invalid_input`: each thing wrong, by key. */
  readonly problems: readonly Problem[];

  constructor(
    code: OperationErrorCode,
    message: string,
    facts: { readonly problems?: readonly Problem[]; readonly cause?: unknown } = {},
  ) {
    const source = code === "unavailable" || code === "insufficient_storage" ? "internal" : "input";
    super(message, { code, source, retryable: code === "unavailable", cause: facts.cause });
    this.problems = facts.problems ?? [];
  }
}
