import { randomUUID } from "node:crypto";

import { suggestion } from "../../core/nearest.ts";
import type { Actor } from "../model/actor.ts";
import type { Alarm, Silence, Webhook } from "../model/alarm.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Store, Unrevised, View } from "../store/store.ts";
import { urlProblem } from "../model/webhook-url.ts";
import { webhookBody } from "./webhook-body.ts";
import type { CallResult, WebhookCaller } from "./webhook-caller.ts";

/** Makes a webhook or changes it; `invalid_input` for an address that is never called. */
export async function putWebhook(
  store: Store,
  actor: Actor,
  webhook: Unrevised<Webhook>,
  expected: number | undefined,
): Promise<Webhook> {
  const problem = urlProblem(new URL(webhook.url));
  if (problem !== undefined) {
    const problems = [{ where: "body", key: "url", message: problem }];
    throw new OperationError("invalid_input", `url: ${problem}`, { problems });
  }
  const { result } = await store.change(actor, "webhook.write", async (change) => {
    const known = await change.webhooks.get(webhook.id);
    if (known !== undefined) return change.webhooks.update(webhook, expected);
    refuseGone(expected, `webhook ${webhook.id}`);
    return change.webhooks.insert(webhook);
  });
  return result;
}

export async function deleteWebhook(
  store: Store,
  actor: Actor,
  id: string,
  expected: number | undefined,
): Promise<void> {
  await store.change(actor, "webhook.write", async (change) => {
    await webhookNamed(change, id);
    await change.webhooks.delete(id, expected);
  });
}

/** Calls it once with an alarm that is none. */
export async function testWebhook(
  store: Store,
  caller: WebhookCaller,
  id: string,
  wall: number,
): Promise<CallResult> {
  const webhook = await store.read(async (view) => webhookNamed(view, id));
  const alarm: Alarm = {
    key: "test",
    kind: "node-offline",
    cluster: undefined,
    node: undefined,
    plugin: undefined,
    release: undefined,
    message: "this is a test of the webhook; nothing is wrong",
    since: wall,
  };
  const body = webhookBody({ event: "raised", alarms: [alarm], createdAt: wall });
  return caller.call(webhook, `msg_test_${randomUUID()}`, body);
}

export type SilenceWish = Omit<Silence, "id" | "by" | "revision">;

/** `invalid_input` for one that is over already. */
export async function createSilence(
  store: Store,
  actor: Actor,
  wish: SilenceWish,
  wall: number,
): Promise<Silence> {
  if (wish.until <= wall) {
    const problems = [{ where: "body", key: "until", message: "expected a time that is yet to come" }];
    throw new OperationError("invalid_input", "until: expected a time that is yet to come", { problems });
  }
  const { result } = await store.change(actor, "alarm.write", async (change) => {
    return change.silences.insert({ ...wish, id: randomUUID(), by: actor.name });
  });
  return result;
}

export async function deleteSilence(store: Store, actor: Actor, id: string): Promise<void> {
  await store.change(actor, "alarm.write", async (change) => {
    if ((await change.silences.get(id)) === undefined)
      throw new OperationError("not_found", `there is no silence ${id}`);
    await change.silences.delete(id);
  });
}

async function webhookNamed(view: Pick<View, "webhooks">, id: string): Promise<Webhook> {
  const webhook = await view.webhooks.get(id);
  if (webhook !== undefined) return webhook;
  const { items } = await view.webhooks.list({}, { limit: 1_000 });
  const near = suggestion(
    id,
    items.map((each) => each.id),
  );
  throw new OperationError("not_found", `there is no webhook ${id}${near}`);
}

function refuseGone(expected: number | undefined, what: string): void {
  if (expected === undefined || expected === 0) return;
  throw new OperationError("revision_mismatch", `${what} is not there any more`);
}
