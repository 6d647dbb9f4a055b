import { StoreConflictError, StoreInUseError, StoreUnavailableError } from "../store-errors.ts";

const FOREIGN_KEY = 787;
const PRIMARY_KEY = 1555;
const UNIQUE = 2067;

/** Results that blame the disk, the file or another process, by SQLite's primary codes. */
const DISK: Readonly<Record<number, string>> = {
  5: "the store is busy",
  6: "the store is locked",
  7: "there is no memory for the store",
  8: "the store's disk is read-only",
  10: "the store's disk fails to read or write",
  11: "the store's file is damaged",
  13: "the store's disk is full",
  14: "the store's file cannot be opened",
  23: "the store may not be used",
  26: "the store's file is no database",
};

/** What callers get for an error of node:sqlite. */
export function storeErrorOf(thrown: unknown): unknown {
  const code = codeOf(thrown);
  if (code === undefined) return thrown;
  if (code === FOREIGN_KEY) return new StoreInUseError("the record", []);
  if (code === PRIMARY_KEY || code === UNIQUE) return new StoreConflictError("conflict", "the key is taken");
  const trouble = DISK[code & 0xff];
  return trouble === undefined ? thrown : new StoreUnavailableError(trouble, thrown);
}

export function isBusy(thrown: unknown): boolean {
  return ((codeOf(thrown) ?? 0) & 0xff) === 5;
}

function codeOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown)) return undefined;
  return typeof thrown.errcode === "number" ? thrown.errcode : undefined;
}
