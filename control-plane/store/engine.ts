import type { Kysely, RawBuilder } from "kysely";

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

/** Tables by name. What columns they have is in record-tables.ts and in the migrations. */
export type Tables = Record<string, Record<string, Value>>;

/** A connection on which SQL is built; a transaction is one as well. */
export type Connection = Kysely<Tables>;

/** What differs between databases; all other SQL is the same on each. */
export interface Engine {
  /** Type of a column of whole numbers up to 2^53. */
  readonly integer: RawBuilder<unknown>;
  /** Type of a column of text, compared by code points. */
  readonly text: RawBuilder<unknown>;
  /** What ends a `create table`. */
  readonly tableEnd: RawBuilder<unknown>;
  /** Rows of the table can be added and neither changed nor deleted. */
  makeAppendOnly(connection: Connection, table: string): Promise<void>;
}

/** An open database. Errors of its disk or connection reach callers as `StoreUnavailableError`. */
export interface Database extends AsyncDisposable {
  readonly engine: Engine;
  /** For changes; one transaction at a time. */
  readonly writer: Connection;
  /** For reading transactions, each of which sees one moment. */
  readonly reader: Connection;
  backup(path: string): Promise<void>;
}
