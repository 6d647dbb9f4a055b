import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

import {
  sql,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type SqliteDatabase,
  type SqliteStatement,
} from "kysely";

import type { Connection, Engine } from "../engine.ts";
import { storeErrorOf } from "./sqlite-errors.ts";

/** All SQL that only SQLite takes. */
export const sqliteEngine: Engine = {
  integer: sql`integer`,
  text: sql`text`,
  tableEnd: sql`strict`,
  async makeAppendOnly(connection: Connection, table: string) {
    for (const event of ["update", "delete"])
      await sql`
        create trigger ${sql.id(`${table}_no_${event}`)} before ${sql.raw(event)} on ${sql.table(table)}
        begin select raise(abort, 'audit is append-only'); end`.execute(connection);
  },
};

/** kysely's SQLite on Node's own: it knows the shape of better-sqlite3. */
export class NodeSqliteDialect extends SqliteDialect {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    super({ database: new AdaptedDatabase(database) });
    this.#database = database;
  }

  override createDriver(): SqliteDriver {
    return new RollbackDriver(this.#database);
  }

  /** SQLite rolls back what defines tables, too: a migration that is cut short has not happened. */
  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/**
 * After some errors SQLite has rolled back by itself, and after a failed disk it may not be able to: neither must keep
 * the connection from the next transaction.
 */
class RollbackDriver extends SqliteDriver {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    super({ database: new AdaptedDatabase(database) });
    this.#database = database;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction) translated(() => this.#database.exec("rollback"));
    await super.beginTransaction(connection);
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (!this.#database.isTransaction) return;
    await super.rollbackTransaction(connection).catch(() => undefined);
  }
}

/** More texts of statements than the store has. */
const MAX_PREPARED = 500;

class AdaptedDatabase implements SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, AdaptedStatement>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }

  prepare(text: string): SqliteStatement {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const statement = new AdaptedStatement(translated(() => this.#database.prepare(text)));
    if (this.#prepared.size >= MAX_PREPARED) this.#prepared.clear();
    this.#prepared.set(text, statement);
    return statement;
  }
}

class AdaptedStatement implements SqliteStatement {
  readonly reader: boolean;
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
    this.reader = statement.columns().length > 0;
  }

  all(parameters: readonly unknown[]): unknown[] {
    return translated(() => this.#statement.all(...(parameters as SQLInputValue[])));
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return translated(() => this.#statement.run(...(parameters as SQLInputValue[])));
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return translated(() => this.#statement.iterate(...(parameters as SQLInputValue[])));
  }
}

function translated<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (thrown) {
    throw storeErrorOf(thrown);
  }
}
