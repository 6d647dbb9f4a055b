import { z } from "zod";

import { paging, page, query, nothing, type Endpoint } from "./endpoint.ts";
import * as resource from "./resources.ts";

/** Alarms, webhooks, silences. */
export const ALARM_ENDPOINTS = {
  listAlarms: {
    method: "GET",
    path: "/alarms",
    right: "read",
    scope: "somewhere",
    summary: "What somebody should look at.",
    answer: page(resource.alarm),
    watch: true,
  },
  listWebhooks: {
    method: "GET",
    path: "/webhooks",
    right: "webhook.write",
    scope: "everywhere",
    summary: "Where alarms are sent.",
    query: query(paging),
    answer: page(resource.webhook),
  },
  putWebhook: {
    method: "PUT",
    path: "/webhooks/:webhook",
    right: "webhook.write",
    scope: "everywhere",
    summary: "Makes a webhook or changes it.",
    body: resource.webhook.omit({ revision: true }),
    answer: resource.webhook,
    revised: true,
  },
  deleteWebhook: {
    method: "DELETE",
    path: "/webhooks/:webhook",
    right: "webhook.write",
    scope: "everywhere",
    summary: "Deletes a webhook.",
    answer: "nothing",
    revised: true,
  },
  testWebhook: {
    method: "POST",
    path: "/webhooks/:webhook/test",
    right: "webhook.write",
    scope: "everywhere",
    summary: "Calls it once with a made-up alarm and tells how that went.",
    body: nothing,
    answer: z.strictObject({ status: z.int().optional(), error: z.string().optional() }),
  },
  listDeliveries: {
    method: "GET",
    path: "/webhook-deliveries",
    right: "webhook.write",
    scope: "everywhere",
    summary: "Deliveries, by state.",
    query: query({ ...paging, state: z.enum(["waiting", "delivered", "dead"]).optional() }),
    answer: page(resource.delivery),
  },
  listSilences: {
    method: "GET",
    path: "/silences",
    right: "read",
    scope: "somewhere",
    summary: "Silences in force.",
    query: query(paging),
    answer: page(resource.silence),
  },
  createSilence: {
    method: "POST",
    path: "/silences",
    right: "alarm.write",
    scope: "cluster",
    summary: "No calls for what it fits, until it ends.",
    body: resource.silence.omit({ id: true, by: true, revision: true }),
    answer: resource.silence,
  },
  deleteSilence: {
    method: "DELETE",
    path: "/silences/:silence",
    right: "alarm.write",
    scope: "silence",
    summary: "Ends a silence.",
    answer: "nothing",
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
