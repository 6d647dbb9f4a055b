import type { Connection, Row, Value } from "./engine.ts";
import { keyText, nounKey } from "./record-names.ts";
import { RECORD_TABLES, type RecordTable, type Reference } from "./record-tables.ts";
import type { RecordKind, Unrevised } from "./store.ts";

/** How many users an error names. */
const NAMED = 5;

/** A table with columns that refer to records, and what their owner is called. */
interface Referring {
  readonly table: string;
  readonly noun: string;
  /** Columns that name the owner. */
  readonly owner: readonly string[];
  readonly reference: Reference;
}

const REFERRING: readonly Referring[] = Object.values(RECORD_TABLES).flatMap(
  ({ kind, noun, key, references, links }): Referring[] => [
    ...references.map((reference) => ({ table: kind, noun, owner: Object.keys(key), reference })),
    ...(links?.references ?? []).map((reference) => ({
      table: links?.table ?? kind,
      noun,
      owner: [links?.owner ?? ""],
      reference,
    })),
  ],
);

/** What refers to a record, by name (`cluster demo`), the first few of each kind; empty: nothing does. */
export async function usersOf<Item, Key>(
  connection: Connection,
  table: RecordTable<Item, Key>,
  key: Key,
): Promise<readonly string[]> {
  const wanted = Object.values(table.keyColumns(key));
  const users = new Set<string>();
  for (const { table: referring, noun, owner, reference } of REFERRING) {
    if (reference.to !== table.kind) continue;
    let query = connection
      .selectFrom(referring)
      .select([...owner])
      .limit(NAMED + 1);
    for (const [index, column] of reference.columns.entries())
      query = query.where(column, "=", wanted[index] ?? null);
    for (const row of await query.execute()) users.add(nounKey({ noun }, row));
  }
  const names = [...users];
  return names.length > NAMED ? [...names.slice(0, NAMED), "more"] : names;
}

/** The first record (`domain pay`) that `item` refers to and that is not there. */
export async function missingReference<Item, Key>(
  connection: Connection,
  table: RecordTable<Item, Key>,
  item: Unrevised<Item>,
): Promise<string | undefined> {
  const { references, links } = table;
  const row: Row = { ...table.keyColumns(table.keyOf(item)), ...table.columns(item) };
  const referring = [
    ...references.map((reference) => ({ reference, row })),
    ...(links?.rows(item) ?? []).flatMap((link) =>
      (links?.references ?? []).map((reference) => ({ reference, row: link })),
    ),
  ];
  for (const { reference, row } of referring) {
    const values = reference.columns.map((column) => row[column] ?? null);
    if (values.includes(null) || (await exists(connection, reference.to, values))) continue;
    return `${RECORD_TABLES[reference.to].noun} ${keyText(Object.fromEntries(values.entries()))}`;
  }
  return undefined;
}

async function exists(connection: Connection, kind: RecordKind, key: readonly Value[]): Promise<boolean> {
  const columns = Object.keys(RECORD_TABLES[kind].key);
  let query = connection.selectFrom(kind).select("revision");
  for (const [index, column] of columns.entries()) query = query.where(column, "=", key[index] ?? null);
  return (await query.executeTakeFirst()) !== undefined;
}
