import { OperationError } from "../../model/operation-error.ts";

/** A record is never renamed: what the body calls it is what the path does. */
export function refuseOtherName(inBody: string, inPath: string, key = "name"): void {
  if (inBody === inPath) return;
  const message = `expected ${inPath}, as in the path`;
  throw new OperationError("invalid_input", `${key}: ${message}`, {
    problems: [{ where: "body", key, message }],
  });
}
