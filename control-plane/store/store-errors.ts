import { messageOf } from "../../core/errors.ts";
import { OperationError } from "../model/operation-error.ts";

/** The key is taken, the record is gone, or it was changed since the caller saw it (`revision_mismatch`). */
export class StoreConflictError extends OperationError {}

/** Something refers to what was to be deleted; `users` names some of it. */
export class StoreInUseError extends OperationError {
  readonly users: readonly string[];

  constructor(what: string, users: readonly string[]) {
    super("in_use", `${what} is in use${users.length === 0 ? "" : ` by ${users.join(", ")}`}`);
    this.users = users;
  }
}

/** What is to be written refers to something that is not there. */
export class StoreReferenceError extends OperationError {
  constructor(what: string, missing: string) {
    super("not_found", `${what} refers to ${missing}, which does not exist`);
  }
}

/** The disk or the connection failed: nothing of the change has happened. */
export class StoreUnavailableError extends OperationError {
  constructor(message: string, cause?: unknown) {
    super("unavailable", cause === undefined ? message : `${message}: ${messageOf(cause)}`, { cause });
  }
}
