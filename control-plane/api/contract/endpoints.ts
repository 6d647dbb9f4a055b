import { z } from "zod";

import { ACCESS_ENDPOINTS } from "./access-endpoints.ts";
import { ALARM_ENDPOINTS } from "./alarm-endpoints.ts";
import { CATALOGUE_ENDPOINTS } from "./catalogue-endpoints.ts";
import { nothing, type Endpoint } from "./endpoint.ts";
import { NODE_ENDPOINTS } from "./node-endpoints.ts";
import { RELEASE_ENDPOINTS } from "./release-endpoints.ts";

const documents = z.array(z.unknown()).min(1).max(1_000);
const documentChanges = z.strictObject({
  tick: z.int(),
  changes: z.array(
    z.strictObject({
      kind: z.string(),
      key: z.string(),
      operation: z.enum(["create", "update", "none"]),
      before: z.unknown().optional(),
      after: z.unknown().optional(),
    }),
  ),
});

/** The whole API. */
export const ENDPOINTS = {
  health: {
    method: "GET",
    path: "/health",
    right: "none",
    scope: "somewhere",
    summary: "Whether the control plane can answer.",
    answer: z.strictObject({ status: z.literal("ok"), tick: z.int() }),
  },
  describeApi: {
    method: "GET",
    path: "/openapi.json",
    right: "none",
    scope: "somewhere",
    summary: "This API as an OpenAPI 3.1 document.",
    answer: z.record(z.string(), z.unknown()),
  },
  applyDocument: {
    method: "POST",
    path: "/apply",
    right: "read",
    action: "apply",
    scope: "somewhere",
    summary:
      "Makes or changes what documents name (kinds Domain, Cluster, Chain, Plugin, Webhook), each with the right that it needs; never deletes. `dryRun`: tells what it would do.",
    body: z.strictObject({
      documents,
      dryRun: z.boolean().default(false),
    }),
    answer: documentChanges,
  },
  diffDocuments: {
    method: "POST",
    path: "/diff",
    right: "read",
    scope: "somewhere",
    summary:
      "How what is there differs from documents, each with the right to read what it names; writes nothing. Whether they could be applied is for `dryRun` of `/apply` to say.",
    body: z.strictObject({ documents }),
    answer: documentChanges,
  },
  backup: {
    method: "POST",
    path: "/backup",
    right: "backup",
    scope: "everywhere",
    summary: "A consistent copy of the store, as one file.",
    body: nothing,
    answer: "bytes",
  },
  ...CATALOGUE_ENDPOINTS,
  ...RELEASE_ENDPOINTS,
  ...NODE_ENDPOINTS,
  ...ACCESS_ENDPOINTS,
  ...ALARM_ENDPOINTS,
} as const satisfies Readonly<Record<string, Endpoint>>;

export type EndpointName = keyof typeof ENDPOINTS;
