import { createHmac } from "node:crypto";

import { Agent, request } from "undici";

import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Webhook } from "../model/alarm.ts";
import { urlProblem } from "../model/webhook-url.ts";
import { guardedLookup } from "./webhook-address.ts";
import { webhookKey } from "./webhook-secret.ts";

/** What came of a call. Only a status of 2xx is a success; redirects are not followed. */
export interface CallResult {
  readonly ok: boolean;
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  /** Empty where it went well. */
  readonly error: string;
}

const CONNECT_TIMEOUT = 5_000;
const ANSWER_TIMEOUT = 10_000;
/** Nobody reads the answer; a short one keeps the connection usable. */
const ANSWER_BYTES = 16 * 1024;

/** Calls webhooks as Standard Webhooks says: headers webhook-id, webhook-timestamp and webhook-signature. */
export class WebhookCaller implements AsyncDisposable {
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #clock: Clock;
  readonly #agent = new Agent({
    connect: { lookup: guardedLookup(), timeout: CONNECT_TIMEOUT },
    headersTimeout: ANSWER_TIMEOUT,
    bodyTimeout: ANSWER_TIMEOUT,
    connections: 4,
    maxHeaderSize: 16 * 1024,
    maxResponseSize: ANSWER_BYTES,
  });

  constructor(environment: Readonly<Record<string, string | undefined>>, clock: Clock) {
    this.#environment = environment;
    this.#clock = clock;
  }

  /** `id` is the same however often this is tried. Never rejects. */
  async call(webhook: Pick<Webhook, "url" | "secret">, id: string, body: string): Promise<CallResult> {
    try {
      const url = new URL(webhook.url);
      const problem = urlProblem(url);
      if (problem !== undefined) return failed(undefined, problem);
      const key = await webhookKey(webhook.secret, this.#environment);
      return await this.#send(url, this.#headers(key, id, body), body);
    } catch (error) {
      return failed(undefined, messageOf(error));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  async #send(url: URL, headers: Readonly<Record<string, string>>, body: string): Promise<CallResult> {
    const signal = AbortSignal.timeout(CONNECT_TIMEOUT + 2 * ANSWER_TIMEOUT);
    const answer = await request(url, { method: "POST", headers, body, dispatcher: this.#agent, signal });
    const status = answer.statusCode;
    await answer.body.dump({ limit: ANSWER_BYTES }).catch(() => undefined);
    if (status >= 200 && status < 300) return { ok: true, status, error: "" };
    return failed(
      status,
      status >= 300 && status < 400 ? `${status}: redirects are not followed` : `status ${status}`,
    );
  }

  #headers(key: Buffer, id: string, body: string): Readonly<Record<string, string>> {
    const timestamp = String(Math.floor(this.#clock.wall() / 1_000));
    const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
    return {
      "content-type": "application/json",
      "user-agent": "sluice",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    };
  }
}

function failed(status: number | undefined, error: string): CallResult {
  return { ok: false, status, error };
}
