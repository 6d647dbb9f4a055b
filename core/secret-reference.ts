import { z } from "zod";

/** Where a secret is read, in place of the secret itself. */
export const secretReference = z.union(
  [z.strictObject({ fromEnv: z.string() }), z.strictObject({ fromFile: z.string() })],
  { error: "expected a reference, { fromEnv: NAME } or { fromFile: PATH }, in place of the secret itself" },
);
