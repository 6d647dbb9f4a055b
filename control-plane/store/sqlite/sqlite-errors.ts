import { StoreConflictError, StoreInUseError, StoreUnavailableError } from "../store-errors.ts";

const FOREIGN_KEY = 787;
const PRIMARY_KEY = 1555;
const UNIQUE = 2067;

/** Results that blame the disk, the file or another process: SQLite's primary codes with their names. */
const DISK: Readonly<Record<number, string>> = {
  5: "busy",
  6: "locked",
  7: "out of memory",
  8: "read-only",
  10: "input or output failed",
  11: "damaged",
  13: "full",
  14: "cannot be opened",
  23: "not permitted",
  26: "not a database",
};

/** What callers get for an error of node:sqlite. */
export function storeErrorOf(thrown: unknown): unknown {
  const code = codeOf(thrown);
  if (code === undefined) return thrown;
  if (code === FOREIGN_KEY) return new StoreInUseError("the record", []);
  if (code === PRIMARY_KEY || code === UNIQUE) return new StoreConflictError("conflict", "the key is taken");
  const trouble = DISK[code & 0xff];
  return trouble === undefined ? thrown : new StoreUnavailableError(`the store's disk is ${trouble}`, thrown);
}

export function isBusy(thrown: unknown): boolean {
  return ((codeOf(thrown) ?? 0) & 0xff) === 5;
}

function codeOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown)) return undefined;
  return typeof thrown.errcode === "number" ? thrown.errcode : undefined;
}
