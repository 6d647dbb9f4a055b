import { listAuditEvents } from "./audit-log.ts";
import type { ChangeLog } from "./change-log.ts";
import type { Connection } from "./engine.ts";
import { RECORD_TABLES } from "./record-tables.ts";
import { SqlRecords } from "./records.ts";
import type { Change, RecordKind, View } from "./store.ts";
import { SqlWritableRecords } from "./writable-records.ts";

/** The state as a reading transaction sees it. */
export async function viewOf(connection: Connection): Promise<View> {
  return {
    ...(recordsBy((kind) => new SqlRecords(connection, tableOf(kind))) as Pick<View, RecordKind>),
    tick: await currentTick(connection),
    audit: { list: (filter, page) => listAuditEvents(connection, filter, page) },
  };
}

/** A change within a writing transaction, whose tick is taken. */
export function changeOf(connection: Connection, changes: ChangeLog): Change {
  return {
    ...(recordsBy((kind) => new SqlWritableRecords(connection, tableOf(kind), changes)) as Pick<
      Change,
      RecordKind
    >),
    tick: changes.tick,
    at: changes.at,
    nextReleaseId: () => count(connection, "release"),
  };
}

export async function currentTick(connection: Connection): Promise<number> {
  const { tick } = await connection.selectFrom("clock").select("tick").executeTakeFirstOrThrow();
  return Number(tick);
}

/** Counts one up in the row that every change locks, and answers with it. */
export async function count(connection: Connection, counter: "tick" | "release"): Promise<number> {
  const counted = await connection
    .updateTable("clock")
    .set((build) => ({ [counter]: build.eb(counter, "+", 1) }))
    .returning(counter)
    .executeTakeFirstOrThrow();
  return Number(counted[counter]);
}

/** Each kind of record has its own types; which go together is `RecordTypes`' to say. */
function tableOf(kind: RecordKind): never {
  return RECORD_TABLES[kind] as never;
}

function recordsBy(make: (kind: RecordKind) => unknown): object {
  const kinds = Object.keys(RECORD_TABLES) as RecordKind[];
  return Object.fromEntries(kinds.map((kind) => [kind, make(kind)]));
}
