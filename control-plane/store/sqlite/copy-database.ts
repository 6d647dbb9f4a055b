import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";

import { storeErrorOf } from "./sqlite-errors.ts";

/** All pages in one step: it runs beside the event loop and sees one moment, however long changes go on. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * A consistent copy of an open database in one file, there whole or not at all. It has no journal beside it, also when
 * somebody reads it: it may lie where nothing can be written.
 */
export async function copyDatabase(path: string, target: string): Promise<void> {
  const unfinished = `${target}.unfinished`;
  try {
    using source = new DatabaseSync(path, { readOnly: true });
    await rm(unfinished, { force: true });
    await backup(source, unfinished, { rate: ALL_PAGES });
    withoutJournal(unfinished);
    await syncFile(unfinished);
    await rename(unfinished, target);
    await syncFile(dirname(target));
  } catch (thrown) {
    await rm(unfinished, { force: true });
    throw storeErrorOf(thrown);
  }
}

/** A copy of a store is in its mode of journal, which makes files beside it for whoever reads. */
function withoutJournal(path: string): void {
  using database = new DatabaseSync(path);
  database.exec("pragma journal_mode = delete");
}

/** Of a folder: its entries. */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, "r");
  await file.sync();
}
