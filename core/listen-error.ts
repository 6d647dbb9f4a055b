import { formatAddress, type Address } from "./address.ts";
import { MeshError, messageOf } from "./errors.ts";

/** A listener could not be opened; `cause` has the system's code (`EADDRINUSE`, `EACCES`, …), as `code` or in its text. */
export class ListenError extends MeshError<"listen_failed"> {
  readonly address: Address;

  /** `setting` is the flag by which the address can be changed: `--inbound`. */
  constructor(setting: string, address: Address, cause: unknown) {
    super(`cannot listen on ${formatAddress(address)}: ${reason(cause)}; choose another with ${setting}`, {
      code: "listen_failed",
      source: "input",
      cause,
    });
    this.address = address;
  }
}

function reason(cause: unknown): string {
  // gRPC's errors have it in their text alone.
  const code =
    cause instanceof Error && "code" in cause ? cause.code : /\bE[A-Z]{3,}\b/.exec(messageOf(cause))?.[0];
  if (code === "EADDRINUSE") return "the port is taken";
  if (code === "EACCES") return "this user may not use the port";
  if (code === "EADDRNOTAVAIL") return "this machine does not have the address";
  return messageOf(cause);
}
