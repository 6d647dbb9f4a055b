import { formatAddress, type Address } from "./address.ts";
import { MeshError, messageOf } from "./errors.ts";

/** A listener could not be opened. `code` of `cause` is the system's: `EADDRINUSE`, `EACCES`, … */
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
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EADDRINUSE") return "the port is taken";
  if (code === "EACCES") return "this user may not use the port";
  if (code === "EADDRNOTAVAIL") return "this machine does not have the address";
  return messageOf(cause);
}
