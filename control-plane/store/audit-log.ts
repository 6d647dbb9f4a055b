import type { AuditEvent, RecordChange } from "../model/audit.ts";
import { cursorAfter, keyOfCursor, pageLimit } from "./cursor.ts";
import type { Connection, Row, Value } from "./engine.ts";
import type { AuditFilter, Page, PageRequest } from "./store.ts";

export type NewAuditEvent = Omit<AuditEvent, "id">;

/** Adds an event within a transaction; events are numbered without gaps. */
export async function addAuditEvent(connection: Connection, event: NewAuditEvent): Promise<void> {
  const counted = await connection
    .updateTable("clock")
    .set((build) => ({ audit_event: build.eb("audit_event", "+", 1) }))
    .returning("audit_event")
    .executeTakeFirstOrThrow();
  const id = Number(counted.audit_event);
  const { tick, at, actor, tokenId, action, outcome, reason, changes, record } = event;
  await connection
    .insertInto("audit_events")
    .values({ id, tick, at, actor, token_id: tokenId ?? null, action, outcome, reason })
    .execute();
  // What a refusal was about is found as what was changed is.
  const touched = record === undefined ? changes : [{ ...record, before: undefined, after: undefined }];
  if (touched.length === 0) return;
  const rows = touched.map(({ kind, key, before, after }, position) => ({
    event: id,
    position,
    kind,
    key,
    before: textOf(before),
    after: textOf(after),
  }));
  for (let start = 0; start < rows.length; start += 1_000)
    await connection
      .insertInto("audit_changes")
      .values(rows.slice(start, start + 1_000))
      .execute();
}

/** Events in the order in which they were added. */
export async function listAuditEvents(
  connection: Connection,
  filter: AuditFilter,
  page: PageRequest,
): Promise<Page<AuditEvent>> {
  const limit = pageLimit(page);
  const rows = await selectEvents(connection, filter, page)
    .orderBy("id")
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const changes = await changesOf(
    connection,
    shown.map(({ id }) => Number(id)),
  );
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return {
    items: shown.map((row) => eventOf(row, changes.get(Number(row.id)) ?? [])),
    next: last === undefined ? undefined : cursorAfter([Number(last.id)]),
  };
}

function selectEvents(connection: Connection, filter: AuditFilter, page: PageRequest) {
  const { actor, action, kind, key, afterTick } = filter;
  const [afterId] = keyOfCursor(page.cursor, ["number"]) ?? [];
  let query = connection.selectFrom("audit_events").selectAll();
  if (afterId !== undefined) query = query.where("id", ">", afterId);
  if (actor !== undefined) query = query.where("actor", "=", actor);
  if (action !== undefined) query = query.where("action", "=", action);
  if (afterTick !== undefined) query = query.where("tick", ">", afterTick);
  if (kind === undefined && key === undefined) return query;
  let touched = connection.selectFrom("audit_changes").select("event");
  if (kind !== undefined) touched = touched.where("kind", "=", kind);
  if (key !== undefined) touched = touched.where("key", "=", key);
  return query.where("id", "in", touched);
}

async function changesOf(
  connection: Connection,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly RecordChange[]>> {
  if (ids.length === 0) return new Map();
  const rows = await connection
    .selectFrom("audit_changes")
    .selectAll()
    .where("event", "in", [...ids])
    .orderBy("event")
    .orderBy("position")
    .execute();
  const changes = rows.map((row) => ({
    event: Number(row.event),
    change: {
      kind: String(row.kind),
      key: String(row.key),
      before: valueOf(row.before),
      after: valueOf(row.after),
    },
  }));
  const grouped = Map.groupBy(changes, ({ event }) => event);
  return new Map([...grouped].map(([event, members]) => [event, members.map(({ change }) => change)]));
}

function eventOf(row: Row, touched: readonly RecordChange[]): AuditEvent {
  const accepted = row.outcome === "accepted";
  const [about] = touched;
  return {
    id: Number(row.id),
    tick: Number(row.tick),
    at: Number(row.at),
    actor: String(row.actor),
    tokenId: row.token_id === null ? undefined : String(row.token_id),
    action: String(row.action),
    outcome: accepted ? "accepted" : "refused",
    reason: String(row.reason),
    changes: accepted ? touched : [],
    record: accepted || about === undefined ? undefined : { kind: about.kind, key: about.key },
  };
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function valueOf(text: Value | undefined): unknown {
  return text === null || text === undefined ? undefined : JSON.parse(String(text));
}
