import { Backoff } from "../../core/backoff.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Webhook, WebhookDelivery } from "../model/alarm.ts";
import type { Store } from "../store/store.ts";
import { webhookBody } from "./webhook-body.ts";
import type { WebhookCaller } from "./webhook-caller.ts";

/** With these delays the last attempt is about three hours after the first. */
const ATTEMPTS = 15;
const FIRST_DELAY = 5_000;
const LONGEST_DELAY = 1_200_000;
/** Calls that may wait for one webhook; of a receiver that is gone for long only so many are kept. */
const MOST_WAITING = 1_000;

export interface DeliveryParts {
  readonly store: Store;
  readonly caller: WebhookCaller;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The calls of one webhook, in their order: each is tried until it succeeds or is a dead letter, and is in the store
 * before it is tried. After a crash it may be sent again, under the same id.
 */
export class DeliveryQueue implements AsyncDisposable {
  readonly #parts: DeliveryParts;
  readonly #waiting: WebhookDelivery[] = [];
  #webhook: Webhook;
  #backoff = newBackoff();
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #ended = false;

  constructor(webhook: Webhook, parts: DeliveryParts) {
    this.#webhook = webhook;
    this.#parts = parts;
  }

  /** Takes one that is in the store. */
  add(delivery: WebhookDelivery): void {
    this.#waiting.push(delivery);
    this.#next();
  }

  /** Whether one more would be too many. */
  get full(): boolean {
    return this.#waiting.length >= MOST_WAITING;
  }

  /** It was changed: what waits is tried at once, under its new address. */
  update(webhook: Webhook): void {
    if (webhook.revision === this.#webhook.revision) return;
    this.#webhook = webhook;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#backoff = newBackoff();
    this.#next();
  }

  /** Nothing more is sent; what waits are dead letters. */
  async abandon(reason: string): Promise<void> {
    await this[Symbol.asyncDispose]();
    for (const delivery of this.#waiting) await this.#save({ ...delivery, state: "dead", lastError: reason });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    await this.#sending;
  }

  #next(): void {
    if (this.#ended || this.#timer !== undefined || this.#sending !== undefined) return;
    const [first] = this.#waiting;
    if (first === undefined || !this.#webhook.enabled) return;
    this.#sending = this.#send(first);
  }

  async #send(delivery: WebhookDelivery): Promise<void> {
    await this.#attempt(delivery);
    this.#sending = undefined;
    this.#next();
  }

  /** Never rejects. */
  async #attempt(delivery: WebhookDelivery): Promise<void> {
    const { caller, clock, log } = this.#parts;
    const result = await caller.call(this.#webhook, delivery.id, webhookBody(delivery));
    const attempts = delivery.attempts + 1;
    const state = result.ok ? "delivered" : attempts >= ATTEMPTS ? "dead" : "waiting";
    const tried: WebhookDelivery = { ...delivery, attempts, state, lastError: result.error };
    await this.#save(tried);
    if (state !== "waiting") {
      this.#waiting.shift();
      this.#backoff = newBackoff();
      if (state === "dead")
        log.error({ webhook: delivery.webhook, error: result.error }, "a webhook call was given up");
      return;
    }
    this.#waiting[0] = tried;
    if (this.#ended) return;
    this.#timer = clock.after(this.#backoff.next(), () => {
      this.#timer = undefined;
      this.#next();
    });
  }

  async #save(delivery: WebhookDelivery): Promise<void> {
    try {
      await this.#parts.store.deliveries.save(delivery);
    } catch (error) {
      // It is tried all the same: an alarm about the store must not wait for the store.
      this.#parts.log.error(
        { error: messageOf(error), delivery: delivery.id },
        "a delivery could not be saved",
      );
    }
  }
}

function newBackoff(): Backoff {
  return new Backoff({ first: FIRST_DELAY, ceiling: LONGEST_DELAY });
}
