import type { Alarm, Silence, Webhook, WebhookDelivery } from "../model/alarm.ts";
import type { Standing } from "./alarms.ts";
import { isSilenced } from "./silences.ts";

/** One call to be made: alarms of one kind in one cluster that began, or ended, together. */
export type News = Pick<WebhookDelivery, "event" | "alarms">;

/** Alarms in one call; more of them are further calls. */
const MOST_TOGETHER = 100;

/**
 * What a webhook is to be told, from what there is and what it was told before. While an alarm is silenced nothing of
 * it is told; what is still there when the silence ends is told then.
 */
export function newsFor(
  webhook: Pick<Webhook, "kinds">,
  standing: Standing,
  told: ReadonlyMap<string, Alarm>,
  silences: readonly Silence[],
  wall: number,
): readonly News[] {
  const active = new Set(standing.alarms.map(({ key }) => key));
  const wanted = (alarm: Alarm): boolean => {
    const ofKind = webhook.kinds.length === 0 || webhook.kinds.includes(alarm.kind);
    return ofKind && !isSilenced(alarm, silences, wall);
  };
  const raised = standing.alarms.filter((alarm) => !told.has(alarm.key) && wanted(alarm));
  // What is missing from an incomplete look may go on.
  const over = standing.complete ? [...told.values()].filter(({ key }) => !active.has(key)) : [];
  const resolved = over.filter((alarm) => !isSilenced(alarm, silences, wall));
  return [...grouped("resolved", resolved), ...grouped("raised", raised)];
}

function grouped(event: News["event"], alarms: readonly Alarm[]): readonly News[] {
  const groups = Object.groupBy(alarms, ({ kind, cluster }) => `${kind}/${cluster ?? ""}`);
  return Object.values(groups).flatMap((group = []) => {
    const calls = Math.ceil(group.length / MOST_TOGETHER);
    return Array.from({ length: calls }, (_, index): News => {
      return { event, alarms: group.slice(index * MOST_TOGETHER, (index + 1) * MOST_TOGETHER) };
    });
  });
}
