import { randomUUID } from "node:crypto";

import { messageOf } from "../../core/errors.ts";
import type { Silence, Webhook, WebhookDelivery } from "../model/alarm.ts";
import { allItems } from "../store/all-items.ts";
import type { Alarms, Standing } from "./alarms.ts";
import { DeliveryQueue, type DeliveryParts } from "./delivery-queue.ts";
import { newsFor, type News } from "./news.ts";
import { ToldAlarms } from "./told-alarms.ts";

const STATES = ["delivered", "dead", "waiting"] as const;

/**
 * Tells webhooks of alarms (and owns their caller): each of every alarm once, and once that it is over, across restarts (as far back as the
 * store keeps deliveries).
 */
export class Notifier implements AsyncDisposable {
  readonly #parts: DeliveryParts;
  readonly #queues = new Map<string, DeliveryQueue>();
  #told = new ToldAlarms();
  #working: Promise<void> = Promise.resolve();
  #subscription: Disposable | undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Goes on where an earlier process ended, and then with what `alarms` sees. Starts `alarms`. */
  async start(alarms: Alarms): Promise<void> {
    const deliveries = await this.#stored();
    this.#told = ToldAlarms.from(deliveries);
    const webhooks = await this.#webhooks();
    this.#syncQueues(webhooks);
    for (const delivery of deliveries.filter(({ state }) => state === "waiting")) {
      this.#queues.get(delivery.webhook)?.add(delivery);
    }
    this.#subscription = alarms.onLook((standing) => {
      this.#working = this.#working.then(async () => this.#tell(standing));
    });
    alarms.start(this.#told.all());
  }

  /** What is being written has been written. */
  async idle(): Promise<void> {
    await this.#working;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription?.[Symbol.dispose]();
    await this.#working;
    const ended = Array.from(this.#queues.values(), async (queue) => queue[Symbol.asyncDispose]());
    // Calls under way end now; the next process makes them again.
    await this.#parts.caller[Symbol.asyncDispose]();
    await Promise.all(ended);
  }

  /** Never rejects. */
  async #tell(standing: Standing): Promise<void> {
    try {
      const webhooks = await this.#webhooks();
      const silences = await allItems<Silence>((page) => {
        return this.#parts.store.read(async (view) => view.silences.list({}, page));
      });
      this.#syncQueues(webhooks);
      for (const webhook of webhooks) {
        if (webhook.enabled) await this.#tellOne(webhook, standing, silences);
      }
    } catch (error) {
      this.#parts.log.error({ error: messageOf(error) }, "webhooks could not be told");
    }
  }

  async #tellOne(webhook: Webhook, standing: Standing, silences: readonly Silence[]): Promise<void> {
    const told = this.#told.of(webhook.id);
    for (const news of newsFor(webhook, standing, told, silences, this.#parts.clock.wall())) {
      await this.#deliver(webhook, news);
    }
  }

  async #deliver(webhook: Webhook, news: News): Promise<void> {
    const queue = this.#queues.get(webhook.id);
    if (queue === undefined) return;
    const { full } = queue;
    const delivery: WebhookDelivery = {
      ...news,
      id: `msg_${randomUUID()}`,
      webhook: webhook.id,
      state: full ? "dead" : "waiting",
      attempts: 0,
      lastError: full ? "too many calls wait for this webhook" : "",
      createdAt: this.#parts.clock.wall(),
    };
    await this.#parts.store.deliveries.save(delivery);
    this.#told.note(delivery);
    if (!full) queue.add(delivery);
  }

  #syncQueues(webhooks: readonly Webhook[]): void {
    const ids = new Set(webhooks.map(({ id }) => id));
    for (const webhook of webhooks) {
      const queue = this.#queues.get(webhook.id);
      if (queue === undefined) this.#queues.set(webhook.id, new DeliveryQueue(webhook, this.#parts));
      else queue.update(webhook);
    }
    for (const [id, queue] of this.#queues) {
      if (ids.has(id)) continue;
      this.#queues.delete(id);
      void queue.abandon("the webhook was deleted");
    }
    this.#told.retain(ids);
  }

  async #webhooks(): Promise<readonly Webhook[]> {
    return allItems((page) => this.#parts.store.read(async (view) => view.webhooks.list({}, page)));
  }

  /** Oldest first. */
  async #stored(): Promise<readonly WebhookDelivery[]> {
    const { deliveries } = this.#parts.store;
    const all: WebhookDelivery[] = [];
    for (const state of STATES) all.push(...(await allItems((page) => deliveries.list(state, page))));
    return all.sort((left, right) => left.createdAt - right.createdAt);
  }
}
