import type { z } from "zod";

import type { Alarm, Silence, Webhook, WebhookDelivery } from "../../model/alarm.ts";
import type * as resource from "../contract/resources.ts";
import { timeText } from "./time.ts";

export function alarmAnswer(alarm: Alarm, silenced: boolean): z.input<typeof resource.alarm> {
  return { ...alarm, since: timeText(alarm.since), silenced };
}

export function webhookAnswer(webhook: Webhook): z.input<typeof resource.webhook> {
  return { ...webhook, kinds: [...webhook.kinds], secret: { ...webhook.secret } };
}

export function silenceAnswer(silence: Silence): z.input<typeof resource.silence> {
  return { ...silence, until: timeText(silence.until) };
}

export function deliveryAnswer({
  alarms,
  createdAt,
  ...rest
}: WebhookDelivery): z.input<typeof resource.delivery> {
  return { ...rest, alarms: alarms.map(({ key }) => key), createdAt: timeText(createdAt) };
}
