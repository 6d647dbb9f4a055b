import type { Alarm, WebhookDelivery } from "../model/alarm.ts";

/** Which alarms each webhook was told of, and not yet that they are over. */
export class ToldAlarms {
  readonly #byWebhook = new Map<string, Map<string, Alarm>>();

  /** As deliveries, the oldest first, say. */
  static from(deliveries: Iterable<WebhookDelivery>): ToldAlarms {
    const told = new ToldAlarms();
    for (const delivery of deliveries) told.note(delivery);
    return told;
  }

  note({ webhook, event, alarms }: Pick<WebhookDelivery, "webhook" | "event" | "alarms">): void {
    const told = this.of(webhook);
    for (const alarm of alarms) {
      if (event === "raised") told.set(alarm.key, alarm);
      else told.delete(alarm.key);
    }
  }

  of(webhook: string): Map<string, Alarm> {
    const known = this.#byWebhook.get(webhook) ?? new Map<string, Alarm>();
    this.#byWebhook.set(webhook, known);
    return known;
  }

  /** Forgets webhooks that are not there any more: one of the same name is another one. */
  retain(webhooks: ReadonlySet<string>): void {
    for (const webhook of this.#byWebhook.keys()) if (!webhooks.has(webhook)) this.#byWebhook.delete(webhook);
  }

  all(): Iterable<Alarm> {
    return [...this.#byWebhook.values()].flatMap((told) => [...told.values()]);
  }
}
