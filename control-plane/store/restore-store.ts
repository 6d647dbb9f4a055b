import { copyFile, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { OperationError } from "../model/operation-error.ts";
import { openStore } from "./open-store.ts";
import { lockFolder } from "./sqlite/folder-lock.ts";
import { storeFile } from "./sqlite/sqlite-database.ts";

/**
 * Makes the store of a folder from a backup; answers with its tick. Never over a store that is there: `conflict`. Who
 * wants that moves it away, and still has it then. `invalid_input` for a file that is no backup, or a damaged one.
 */
export async function restoreStore(file: string, folder: string, clock: Clock): Promise<number> {
  const target = storeFile(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  {
    using _lock = lockFolder(folder);
    if ((await stat(target).catch(() => undefined)) !== undefined) {
      throw new OperationError(
        "conflict",
        `${folder} has a store: move ${target} away, or choose another folder`,
      );
    }
    await copyWhole(file, target);
  }
  await using store = await openStore(folder, clock);
  return await store.read(async (view) => view.tick);
}

async function copyWhole(file: string, target: string): Promise<void> {
  const unfinished = `${target}.unfinished`;
  try {
    await copyFile(file, unfinished);
    check(file, unfinished);
    await sync(unfinished);
    await rename(unfinished, target);
    await sync(dirname(target));
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw new OperationError("invalid_input", `${file} cannot be restored: ${messageOf(error)}`);
  } finally {
    await rm(unfinished, { force: true });
  }
}

function check(file: string, copy: string): void {
  using database = new DatabaseSync(copy, { readOnly: true });
  const [row] = database.prepare("pragma integrity_check").all();
  const tables = database.prepare("select name from sqlite_schema where name = 'webhook_deliveries'").all();
  if (row?.["integrity_check"] !== "ok" || tables.length === 0) {
    throw new OperationError("invalid_input", `${file} is no backup of a store, or a damaged one`);
  }
}

async function sync(path: string): Promise<void> {
  await using handle = await open(path, "r");
  await handle.sync();
}
