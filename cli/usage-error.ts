import { MeshError } from "../core/errors.ts";

/** The command was called in a way there is not; the message says which way there is. */
export function usageError(message: string): MeshError<"usage"> {
  return new MeshError(message, { code: "usage", source: "input" });
}
