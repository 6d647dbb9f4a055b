import type { z } from "zod";

import type * as resource from "../../control-plane/api/contract/resources.ts";
import { age } from "../output/age.ts";
import type { View } from "../output/format.ts";

export const ALARMS: View<z.infer<typeof resource.alarm>> = {
  kind: "alarm",
  name: ({ key }) => key,
  columns: [
    { heading: "KIND", value: ({ kind }) => kind },
    { heading: "CLUSTER", value: ({ cluster }) => cluster ?? "" },
    { heading: "NODE", value: ({ node }) => node ?? "" },
    { heading: "PLUGIN", value: ({ plugin }) => plugin ?? "" },
    { heading: "AGE", value: ({ since }, now) => age(since, now) },
    { heading: "SILENCED", value: ({ silenced }) => (silenced ? "yes" : "no") },
    { heading: "MESSAGE", value: ({ message }) => message },
    { heading: "KEY", value: ({ key }) => key, wide: true },
  ],
};

export const WEBHOOKS: View<z.infer<typeof resource.webhook>> = {
  kind: "webhook",
  document: "Webhook",
  name: ({ id }) => id,
  columns: [
    { heading: "ID", value: ({ id }) => id },
    { heading: "URL", value: ({ url }) => url },
    { heading: "KINDS", value: ({ kinds }) => (kinds.length === 0 ? "all" : kinds.join(",")) },
    { heading: "ENABLED", value: ({ enabled }) => (enabled ? "yes" : "no") },
  ],
};

export const DELIVERIES: View<z.infer<typeof resource.delivery>> = {
  kind: "delivery",
  name: ({ id }) => id,
  columns: [
    { heading: "ID", value: ({ id }) => id },
    { heading: "WEBHOOK", value: ({ webhook }) => webhook },
    { heading: "ALARM", value: ({ alarms, event }) => `${alarms.join(", ")} ${event}` },
    { heading: "STATE", value: ({ state }) => state },
    { heading: "ATTEMPTS", value: ({ attempts }) => String(attempts) },
    { heading: "AGE", value: ({ createdAt }, now) => age(createdAt, now) },
    { heading: "ERROR", value: ({ lastError }) => lastError },
  ],
};

export const SILENCES: View<z.infer<typeof resource.silence>> = {
  kind: "silence",
  name: ({ id }) => id,
  columns: [
    { heading: "ID", value: ({ id }) => id },
    {
      heading: "FITS",
      value: ({ kind, cluster, node, plugin }) =>
        [kind, cluster, node, plugin].filter((part) => part !== undefined).join(" ") || "everything",
    },
    { heading: "UNTIL", value: ({ until }) => until },
    { heading: "BY", value: ({ by }) => by },
    { heading: "REASON", value: ({ reason }) => reason },
  ],
};
