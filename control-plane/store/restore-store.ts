import { chmod, rename, rm, stat } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";

import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { makeFolder } from "../../core/make-folder.ts";
import { OperationError } from "../model/operation-error.ts";
import { appliedMigrations, refuseUnknown } from "./migrate.ts";
import { openStore } from "./open-store.ts";
import { copyDatabase, syncFile } from "./sqlite/copy-database.ts";
import { lockFolder } from "./sqlite/folder-lock.ts";
import { connectionOn, storeFile } from "./sqlite/sqlite-database.ts";

/** What SQLite keeps beside a database; that of another store would be taken for a part of this one. */
const JOURNALS = ["-wal", "-shm"];

const ANOTHER = "take another one that `sluice control-plane backup` made";

/** Brings the packages that the store knows, by their digests; what it throws leaves the folder without a store. */
export type BringPackages = (digests: readonly string[]) => Promise<void>;

/**
 * Makes the store of a folder from a backup; answers with its tick. Never over a store that is there: `conflict`. Who
 * wants that moves it away, and still has it then. `invalid_input` for a file that is no backup, a damaged one, or one of
 * a newer release; then everything is as before.
 */
export async function restoreStore(
  file: string,
  folder: string,
  clock: Clock,
  bringPackages: BringPackages = async () => undefined,
): Promise<number> {
  const target = storeFile(folder);
  const incoming = `${target}.restoring`;
  makeFolder(folder);
  {
    using _lock = lockFolder(folder);
    await refuseExisting(folder, target);
    try {
      await copyBackup(file, incoming);
      await verify(file, incoming);
      await bringPackages(digestsIn(incoming));
      await rename(incoming, target);
      await syncFile(folder);
    } finally {
      for (const suffix of ["", ...JOURNALS]) await rm(`${incoming}${suffix}`, { force: true });
    }
  }
  await using store = await openStore(folder, clock);
  return await store.read(async (view) => view.tick);
}

/** Of every version. */
function digestsIn(copy: string): readonly string[] {
  using database = new DatabaseSync(copy, { readOnly: true });
  const rows = database.prepare("select distinct digest from versions order by digest").all();
  return rows.map(({ digest }) => String(digest));
}

async function refuseExisting(folder: string, target: string): Promise<void> {
  for (const suffix of ["", ...JOURNALS]) {
    const path = `${target}${suffix}`;
    if ((await stat(path).catch(() => undefined)) === undefined) continue;
    throw new OperationError(
      "conflict",
      `${folder} has a store: move ${path} away, or choose another folder`,
    );
  }
}

async function copyBackup(file: string, incoming: string): Promise<void> {
  if ((await stat(file).catch(() => undefined)) === undefined)
    throw new OperationError("invalid_input", `there is no ${file}`);
  try {
    // By SQLite, so that a journal that lies beside the file is a part of it.
    await copyDatabase(file, incoming);
    await chmod(incoming, 0o600);
  } catch (cause) {
    throw unusable(`${file} cannot be read: ${messageOf(cause)}; ${ANOTHER}`, cause);
  }
}

async function verify(file: string, copy: string): Promise<void> {
  try {
    await checkWhole(copy);
  } catch (cause) {
    throw unusable(`${file} cannot be restored: ${messageOf(cause)}; ${ANOTHER}`, cause);
  }
  try {
    using database = new DatabaseSync(copy);
    await refuseUnknown(connectionOn(database));
  } catch (cause) {
    throw unusable(`${file} cannot be restored: ${messageOf(cause)}`, cause);
  }
}

async function checkWhole(copy: string): Promise<void> {
  using database = new DatabaseSync(copy);
  const [found] = database.prepare("pragma integrity_check(1)").all();
  if (found?.["integrity_check"] !== "ok")
    throw new Error(`it is damaged: ${String(found?.["integrity_check"])}`);
  if (database.prepare("pragma foreign_key_check").all().length > 0)
    throw new Error("it is damaged: records refer to others that are not there");
  if ((await appliedMigrations(connectionOn(database))).length === 0)
    throw new Error("it is no backup of a store");
}

function unusable(message: string, cause: unknown): OperationError {
  return new OperationError("invalid_input", message, { cause });
}
