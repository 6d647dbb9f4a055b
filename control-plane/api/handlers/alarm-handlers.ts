import type { Clock } from "../../../core/clock.ts";
import type { Alarms } from "../../alarms/alarms.ts";
import { isSilenced } from "../../alarms/silences.ts";
import type { WebhookCaller } from "../../alarms/webhook-caller.ts";
import {
  createSilence,
  deleteSilence,
  deleteWebhook,
  putWebhook,
  testWebhook,
} from "../../alarms/webhook-operations.ts";
import { clusterNamed } from "../../catalogue/named-records.ts";
import { OperationError } from "../../model/operation-error.ts";
import type { Store } from "../../store/store.ts";
import { alarmAnswer, deliveryAnswer, silenceAnswer, webhookAnswer } from "../answers/alarm-answer.ts";
import { pageAnswer, pageRequest } from "../answers/page-answer.ts";
import type { ALARM_ENDPOINTS } from "../contract/alarm-endpoints.ts";
import type { EndpointHandlers } from "../endpoint-handler.ts";
import { readableClusters } from "../readable.ts";

export interface AlarmParts {
  readonly store: Store;
  readonly alarms: Alarms;
  readonly caller: WebhookCaller;
  readonly clock: Clock;
}

export function alarmHandlers(parts: AlarmParts): EndpointHandlers<keyof typeof ALARM_ENDPOINTS> {
  const { store, alarms, caller, clock } = parts;
  return {
    listAlarms: async ({ actor }) => {
      return store.read(async (view) => {
        const readable = await readableClusters(view, actor);
        const { items: silences } = await view.silences.list({}, { limit: 1_000 });
        const shown = alarms.list().filter(({ cluster }) => readable(cluster));
        return { items: shown.map((each) => alarmAnswer(each, isSilenced(each, silences, clock.wall()))) };
      });
    },
    listWebhooks: async ({ query }) => {
      return store.read(async (view) =>
        pageAnswer(await view.webhooks.list({}, pageRequest(query)), webhookAnswer),
      );
    },
    putWebhook: async ({ actor, params, body, revision }) => {
      if (body.id !== params.webhook)
        throw new OperationError("invalid_input", "id: expected the one in the path");
      return webhookAnswer(await putWebhook(store, actor, body, revision));
    },
    deleteWebhook: async ({ actor, params, revision }) =>
      deleteWebhook(store, actor, params.webhook, revision),
    testWebhook: async ({ actor, params }) => {
      await store.noted(actor, "webhook.test", `webhook ${params.webhook}`);
      const { status, error } = await testWebhook(store, caller, params.webhook, clock.wall());
      return { status, error: error === "" ? undefined : error };
    },
    listDeliveries: async ({ query }) => {
      return pageAnswer(
        await store.deliveries.list(query.state ?? "waiting", pageRequest(query)),
        deliveryAnswer,
      );
    },
    listSilences: async ({ actor, query }) => {
      return store.read(async (view) => {
        const readable = await readableClusters(view, actor);
        const page = await view.silences.list({}, pageRequest(query));
        const passes = (until: number, cluster: string | undefined): boolean => {
          return until > clock.wall() && (cluster === undefined || readable(cluster));
        };
        return pageAnswer(page, silenceAnswer, ({ until, cluster }) => passes(until, cluster));
      });
    },
    createSilence: async ({ actor, body }) => {
      const { kind, cluster, node, plugin, until, reason } = body;
      if (cluster !== undefined) await store.read((view) => clusterNamed(view, cluster));
      const wish = { kind, cluster, node, plugin, until: Date.parse(until), reason };
      return silenceAnswer(await createSilence(store, actor, wish, clock.wall()));
    },
    deleteSilence: async ({ actor, params }) => deleteSilence(store, actor, params.silence),
  };
}
