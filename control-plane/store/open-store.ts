import type { Clock } from "../../core/clock.ts";
import { migrate } from "./migrate.ts";
import { SqlStore } from "./sql-store.ts";
import { openSqliteDatabase } from "./sqlite/sqlite-database.ts";
import type { Store } from "./store.ts";

/**
 * Opens the store of a folder, made if it is not there, and brings its tables up to date. A `StoreUnavailableError`
 * where another process has it open (naming its pid), a newer release wrote it, or the disk fails.
 */
export async function openStore(folder: string, clock: Clock): Promise<Store> {
  const database = openSqliteDatabase(folder);
  try {
    await migrate(database.writer, database.engine);
    return new SqlStore(database, clock);
  } catch (thrown) {
    await database[Symbol.asyncDispose]();
    throw thrown;
  }
}
