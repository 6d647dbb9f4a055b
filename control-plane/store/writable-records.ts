import { nounKey } from "./record-names.ts";
import type { ChangeLog } from "./change-log.ts";
import type { Connection } from "./engine.ts";
import type { RecordTable } from "./record-tables.ts";
import { SqlRecords } from "./records.ts";
import { missingReference, usersOf } from "./references.ts";
import { StoreConflictError, StoreInUseError, StoreReferenceError } from "./store-errors.ts";
import type { Unrevised, WritableRecords } from "./store.ts";

/** Records within a change: every write takes the change's tick and is put down for the audit row. */
export class SqlWritableRecords<Item extends { readonly revision: number }, Key, By>
  extends SqlRecords<Item, Key, By>
  implements WritableRecords<Item, Key, By>
{
  readonly #changes: ChangeLog;

  constructor(connection: Connection, table: RecordTable<Item, Key>, changes: ChangeLog) {
    super(connection, table);
    this.#changes = changes;
  }

  insert(item: Unrevised<Item>): Promise<Item> {
    return this.#changes.write(async () => {
      const key = this.table.keyOf(item);
      if ((await this.get(key)) !== undefined)
        throw new StoreConflictError("conflict", `${this.#name(key)} is there already`);
      await this.#checkReferences(item);
      const row = { ...this.table.keyColumns(key), ...this.#row(item) };
      await this.connection.insertInto(this.table.kind).values(row).execute();
      await this.#insertLinks(item);
      return this.#put(key, undefined, item);
    });
  }

  update(item: Unrevised<Item>, expected?: number): Promise<Item> {
    return this.#changes.write(async () => {
      const key = this.table.keyOf(item);
      const before = await this.#seen(key, expected);
      await this.#checkReferences(item);
      let query = this.connection.updateTable(this.table.kind).set(this.#row(item));
      for (const [column, value] of this.#keyOf(key)) query = query.where(column, "=", value);
      await query.execute();
      await this.#deleteLinks(key);
      await this.#insertLinks(item);
      return this.#put(key, before, item);
    });
  }

  delete(key: Key, expected?: number): Promise<void> {
    return this.#changes.write(async () => {
      const before = await this.#seen(key, expected);
      const users = await usersOf(this.connection, this.table, key);
      if (users.length > 0) throw new StoreInUseError(this.#name(key), users);
      await this.#deleteLinks(key);
      let query = this.connection.deleteFrom(this.table.kind);
      for (const [column, value] of this.#keyOf(key)) query = query.where(column, "=", value);
      await query.execute();
      this.#changes.add(this.table, key, before, undefined);
    });
  }

  async #seen(key: Key, expected: number | undefined): Promise<Item> {
    const before = await this.get(key);
    if (before === undefined) throw new StoreConflictError("conflict", `${this.#name(key)} is gone`);
    if (expected === undefined || before.revision === expected) return before;
    const message = `${this.#name(key)} was changed since: it is at revision ${before.revision}, not ${expected}`;
    throw new StoreConflictError("revision_mismatch", message);
  }

  async #checkReferences(item: Unrevised<Item>): Promise<void> {
    const missing = await missingReference(this.connection, this.table, item);
    if (missing !== undefined) throw new StoreReferenceError(this.#name(this.table.keyOf(item)), missing);
  }

  #put(key: Key, before: Item | undefined, written: Unrevised<Item>): Item {
    const after = { ...written, revision: this.#changes.tick } as Item;
    this.#changes.add(this.table, key, before, after);
    return after;
  }

  #row(item: Unrevised<Item>): Record<string, string | number | null> {
    const { revision: _, ...record } = item as Item;
    return { ...this.table.columns(item), record: JSON.stringify(record), revision: this.#changes.tick };
  }

  async #insertLinks(item: Unrevised<Item>): Promise<void> {
    const { links } = this.table;
    const rows = links?.rows(item) ?? [];
    if (links === undefined || rows.length === 0) return;
    const owner = this.#ownerOf(this.table.keyOf(item));
    await this.connection
      .insertInto(links.table)
      .values(rows.map((row) => ({ ...row, [links.owner]: owner })))
      .execute();
  }

  async #deleteLinks(key: Key): Promise<void> {
    const { links } = this.table;
    if (links === undefined) return;
    await this.connection.deleteFrom(links.table).where(links.owner, "=", this.#ownerOf(key)).execute();
  }

  /** Records with links have one key column. */
  #ownerOf(key: Key): string | number {
    return Object.values(this.table.keyColumns(key))[0] ?? "";
  }

  #keyOf(key: Key): readonly (readonly [string, string | number])[] {
    return Object.entries(this.table.keyColumns(key));
  }

  #name(key: Key): string {
    return nounKey(this.table, this.table.keyColumns(key));
  }
}
