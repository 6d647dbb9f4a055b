import type { Alarm, WebhookDelivery } from "../model/alarm.ts";

/** The JSON that is sent: what happened to which alarms, and one sentence of it for people. */
export function webhookBody(delivery: Pick<WebhookDelivery, "event" | "alarms" | "createdAt">): string {
  const { event, alarms, createdAt } = delivery;
  return JSON.stringify({
    type: `alarm.${event}`,
    timestamp: new Date(createdAt).toISOString(),
    data: { text: summary(event, alarms), alarms: alarms.map(alarmBody) },
  });
}

function alarmBody({ since, ...alarm }: Alarm): Readonly<Record<string, unknown>> {
  return { ...alarm, since: new Date(since).toISOString() };
}

function summary(event: WebhookDelivery["event"], [first, ...others]: readonly Alarm[]): string {
  const more = others.length === 0 ? "" : ` (and ${others.length} more of the kind)`;
  return `${event === "raised" ? "" : "over: "}${first?.message ?? ""}${more}`;
}
