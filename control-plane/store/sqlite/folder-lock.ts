import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { StoreUnavailableError } from "../store-errors.ts";
import { isBusy, storeErrorOf } from "./sqlite-errors.ts";

/**
 * Keeps a folder for one process. The lock is the operating system's on a file that SQLite holds open: it goes with the
 * process however that ends, so a lock that nobody holds does not exist. The number of the process is only for people.
 */
export function lockFolder(folder: string): Disposable {
  const owner = join(folder, "owner.pid");
  const file = openLock(folder);
  try {
    file.exec("pragma journal_mode = memory; begin exclusive");
  } catch (thrown) {
    file.close();
    throw isBusy(thrown) ? inUse(folder, owner) : storeErrorOf(thrown);
  }
  writeFileSync(`${owner}.new`, String(process.pid), { mode: 0o600 });
  renameSync(`${owner}.new`, owner);
  return { [Symbol.dispose]: () => file.close() };
}

function openLock(folder: string): DatabaseSync {
  try {
    return new DatabaseSync(join(folder, "lock.sqlite"), { timeout: 0 });
  } catch (thrown) {
    throw storeErrorOf(thrown);
  }
}

function inUse(folder: string, owner: string): StoreUnavailableError {
  return new StoreUnavailableError(
    `${folder} is in use by another process (${ownerText(owner)}): only one may run on a store`,
  );
}

function ownerText(owner: string): string {
  try {
    return `pid ${Number.parseInt(readFileSync(owner, "utf8"), 10)}`;
  } catch {
    return "which has just started";
  }
}
