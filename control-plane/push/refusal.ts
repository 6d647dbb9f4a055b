import { status as Status } from "@grpc/grpc-js";

import { MeshError, messageOf } from "../../core/errors.ts";
import { OperationError } from "../model/operation-error.ts";

/** Why a node's stream ended at once, and the status that it ends with; proto/mesh/v1/config.proto has the same list. */
const REFUSALS = {
  unauthenticated: Status.UNAUTHENTICATED,
  forbidden: Status.PERMISSION_DENIED,
  invalid_hello: Status.INVALID_ARGUMENT,
  no_hello: Status.DEADLINE_EXCEEDED,
  no_common_version: Status.FAILED_PRECONDITION,
  already_connected: Status.ALREADY_EXISTS,
  too_many: Status.RESOURCE_EXHAUSTED,
  unavailable: Status.UNAVAILABLE,
} as const;

type RefusalCode = keyof typeof REFUSALS;

/** A stream that is not taken; the message is for whoever runs the node. */
export class StreamRefused extends MeshError<RefusalCode> {
  constructor(code: RefusalCode, message: string, cause?: unknown) {
    const retryable = code === "too_many" || code === "unavailable" || code === "already_connected";
    super(message, { code, source: "downstream", retryable, cause });
  }

  get status(): Status {
    return REFUSALS[this.code];
  }
}

/** Anything thrown while a node connects, as what it is told; what it should not know stays in the log. */
export function asRefusal(thrown: unknown): StreamRefused {
  if (thrown instanceof StreamRefused) return thrown;
  if (!(thrown instanceof OperationError))
    return new StreamRefused("unavailable", "something went wrong in the control plane; try again", thrown);
  switch (thrown.code) {
    case "unauthenticated":
      return new StreamRefused("unauthenticated", thrown.message, thrown);
    case "forbidden":
      return new StreamRefused("forbidden", thrown.message, thrown);
    case "not_found":
    case "invalid_input":
      return new StreamRefused("invalid_hello", thrown.message, thrown);
    default:
      return new StreamRefused("unavailable", messageOf(thrown), thrown);
  }
}
