import type { SelectQueryBuilder } from "kysely";

import { cursorAfter, keyOfCursor, pageLimit } from "./cursor.ts";
import type { Connection, Tables, Value } from "./engine.ts";
import type { RecordTable } from "./record-tables.ts";
import type { Page, PageRequest, Records } from "./store.ts";

type Query = SelectQueryBuilder<Tables, string, Record<string, Value>>;

/** A value or a list of values that a column must have; undefined: any. */
export type Filter = Readonly<Record<string, Value | readonly Value[] | undefined>>;

/** A filter's members other than columns, by what they mean: `states` is a list for the column `state`. */
const FILTER_COLUMNS: Readonly<Record<string, string>> = { states: "state" };

/** Records of one kind on a connection: an open transaction, or what stands for one. */
export class SqlRecords<Item, Key, By> implements Records<Item, Key, By> {
  protected readonly connection: Connection;
  protected readonly table: RecordTable<Item, Key>;

  constructor(connection: Connection, table: RecordTable<Item, Key>) {
    this.connection = connection;
    this.table = table;
  }

  async get(key: Key): Promise<Item | undefined> {
    let query = this.#select();
    for (const [column, value] of Object.entries(this.table.keyColumns(key)))
      query = query.where(column, "=", value);
    const row = await query.executeTakeFirst();
    return row === undefined ? undefined : (itemOf(row) as Item);
  }

  async list(filter: By, page: PageRequest): Promise<Page<Item>> {
    const limit = pageLimit(page);
    const after = keyOfCursor(page.cursor, Object.values(this.table.key));
    const columns = Object.keys(this.table.key);
    let query = filtered(this.#select().select(columns), filter as Filter).limit(limit + 1);
    const descending = page.descending === true;
    if (after !== undefined) query = beyondKey(query, columns, after, descending ? "<" : ">");
    for (const column of columns) query = query.orderBy(column, descending ? "desc" : "asc");
    const rows = await query.execute();
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      items: rows.slice(0, limit).map((row) => itemOf(row) as Item),
      next: last === undefined ? undefined : cursorAfter(columns.map((column) => last[column] ?? null)),
    };
  }

  #select(): Query {
    return this.connection.selectFrom(this.table.kind).select(["record", "revision"]) as Query;
  }
}

function filtered(query: Query, filter: Filter): Query {
  return Object.entries(filter).reduce((narrowed, [name, wanted]) => {
    if (wanted === undefined) return narrowed;
    const column = FILTER_COLUMNS[name] ?? name;
    return isList(wanted) ? narrowed.where(column, "in", [...wanted]) : narrowed.where(column, "=", wanted);
  }, query);
}

function isList(wanted: Value | readonly Value[]): wanted is readonly Value[] {
  return Array.isArray(wanted);
}

/** `(a, b) > (x, y)`, as every database understands and indexes it. */
function beyondKey(
  query: Query,
  columns: readonly string[],
  after: readonly Value[],
  order: ">" | "<",
): Query {
  return query.where((build) => {
    const [first = "", second] = columns;
    const [start = null, then = null] = after;
    return second === undefined
      ? build.eb(first, order, start)
      : build.eb(build.refTuple(first, second), order, build.tuple(start, then));
  });
}

/** The record as it was written, with its revision. */
function itemOf(row: Readonly<Record<string, Value>>): unknown {
  return { ...(JSON.parse(String(row.record)) as object), revision: Number(row.revision) };
}
