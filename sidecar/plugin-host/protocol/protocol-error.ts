import { MeshError } from "../../../core/errors.ts";

/** The other end of the host link sent what is not a frame: the link is of no use any more. */
export class ProtocolError extends MeshError<"bad_host_frame"> {
  constructor(message: string) {
    super(message, { code: "bad_host_frame", source: "internal" });
  }
}
