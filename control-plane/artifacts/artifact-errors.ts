import { messageOf } from "../../core/errors.ts";
import { formatSize } from "../../core/size.ts";
import { OperationError } from "../model/operation-error.ts";

const NO_SPACE = ["ENOSPC", "EDQUOT", "EFBIG"];

/** A failed disk in the words of operations; what is an `OperationError` already stays. */
export function diskError(thrown: unknown): OperationError {
  if (thrown instanceof OperationError) return thrown;
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code;
  const full = code !== undefined && NO_SPACE.includes(code);
  const what = full ? "the disk of the artifacts is full" : "the disk of the artifacts failed";
  const facts = { cause: thrown };
  return new OperationError(
    full ? "insufficient_storage" : "unavailable",
    `${what}: ${messageOf(thrown)}`,
    facts,
  );
}

export function tooLarge(limit: number): OperationError {
  return new OperationError("too_large", `the package is larger than ${formatSize(limit)}`);
}

export function quotaExceeded(quota: number): OperationError {
  return new OperationError(
    "insufficient_storage",
    `with it the artifacts would take more than their quota of ${formatSize(quota)}: delete versions that nobody uses`,
  );
}

export function noArtifact(digest: string): OperationError {
  return new OperationError("not_found", `there is no artifact ${digest}`);
}

export function damaged(digest: string): OperationError {
  return new OperationError(
    "unavailable",
    `the stored bytes of artifact ${digest} are damaged: upload the same package again`,
  );
}
