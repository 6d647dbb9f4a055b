import { randomBytes } from "node:crypto";

/** What every secret begins with, so that scanners find one that leaked. */
export const SECRET_PREFIX = "sluice_";

/** A secret of 32 random bytes. */
export function newSecret(): string {
  return `${SECRET_PREFIX}${randomBytes(32).toString("hex")}`;
}
