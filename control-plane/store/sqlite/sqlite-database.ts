import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { Kysely } from "kysely";

import { makeFolder } from "../../../core/make-folder.ts";
import type { Connection, Database, Tables } from "../engine.ts";
import { StoreUnavailableError } from "../store-errors.ts";
import { copyDatabase } from "./copy-database.ts";
import { lockFolder } from "./folder-lock.ts";
import { NodeSqliteDialect, sqliteEngine } from "./sqlite-dialect.ts";
import { storeErrorOf } from "./sqlite-errors.ts";

/** The file with everything, in the store's folder. */
const STORE_FILE = "store.sqlite";

/** Waits this long (ms) for a reader of the file that is not ours, such as somebody's SQLite shell. */
const BUSY_TIMEOUT = 5_000;

/**
 * Opens the database of a folder, which is made if it is not there and belongs to this process until the database is
 * disposed of. One connection writes, one reads: a reading transaction sees the state as of its begin and never waits
 * for a change under way. What is committed is on disk.
 */
export function openSqliteDatabase(folder: string): Database {
  makeStoreFolder(folder);
  using opened = new DisposableStack();
  const lock = opened.use(lockFolder(folder));
  const path = storeFile(folder);
  const writer = opened.use(connect(path, "pragma journal_mode = wal; pragma synchronous = full"));
  const reader = opened.use(connect(path, "pragma query_only = on"));
  opened.move();
  return {
    engine: sqliteEngine,
    writer: connectionOn(writer),
    reader: connectionOn(reader),
    backup: (target) => copyDatabase(path, target),
    async [Symbol.asyncDispose]() {
      reader.close();
      writer.close();
      lock[Symbol.dispose]();
    },
  };
}

export function storeFile(folder: string): string {
  return join(folder, STORE_FILE);
}

/** kysely on a database that somebody else closes. */
export function connectionOn(database: DatabaseSync): Connection {
  return new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) });
}

function connect(path: string, setUp: string): DatabaseSync {
  try {
    // Made by us so that nobody else may read it: SQLite gives its other files the same rights.
    closeSync(openSync(path, "a", 0o600));
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT, enableForeignKeyConstraints: true });
    database.exec(setUp);
    return database;
  } catch (thrown) {
    throw storeErrorOf(thrown);
  }
}

function makeStoreFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (cause) {
    throw new StoreUnavailableError(`${folder} cannot be made`, cause);
  }
}
