import type { WebhookDelivery } from "../model/alarm.ts";
import { cursorAfter, keyOfCursor, pageLimit } from "./cursor.ts";
import type { Connection } from "./engine.ts";
import type { Page, PageRequest } from "./store.ts";

/** Deliveries that are done, and dead letters, of which the newest stay. */
const KEPT = { delivered: 1_000, dead: 10_000 } as const;

export async function saveDelivery(connection: Connection, delivery: WebhookDelivery): Promise<void> {
  const { id, state, createdAt } = delivery;
  const row = { state, created_at: createdAt, delivery: JSON.stringify(delivery) };
  await connection
    .insertInto("webhook_deliveries")
    .values({ id, ...row })
    .onConflict((conflict) => conflict.column("id").doUpdateSet(row))
    .execute();
  if (state !== "waiting") await forgetOldest(connection, state);
}

/** The oldest first. */
export async function listDeliveries(
  connection: Connection,
  state: WebhookDelivery["state"],
  page: PageRequest,
): Promise<Page<WebhookDelivery>> {
  const limit = pageLimit(page);
  const after = keyOfCursor(page.cursor, ["number", "string"]);
  let query = connection
    .selectFrom("webhook_deliveries")
    .selectAll()
    .where("state", "=", state)
    .orderBy("created_at")
    .orderBy("id")
    .limit(limit + 1);
  if (after !== undefined) {
    const [createdAt = 0, id = ""] = after;
    query = query.where((build) =>
      build.eb(build.refTuple("created_at", "id"), ">", build.tuple(createdAt, id)),
    );
  }
  const rows = await query.execute();
  const items = rows.slice(0, limit).map((row) => JSON.parse(String(row.delivery)) as WebhookDelivery);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return { items, next: last === undefined ? undefined : cursorAfter([last.createdAt, last.id]) };
}

async function forgetOldest(connection: Connection, state: keyof typeof KEPT): Promise<void> {
  const kept = connection
    .selectFrom("webhook_deliveries")
    .select("id")
    .where("state", "=", state)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(KEPT[state]);
  await connection
    .deleteFrom("webhook_deliveries")
    .where("state", "=", state)
    .where("id", "not in", kept)
    .execute();
}
