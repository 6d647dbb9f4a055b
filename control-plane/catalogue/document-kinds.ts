import { z } from "zod";

import { dnsLabel, identifier } from "../../core/chain-document/names.ts";
import type { Place } from "../access/place.ts";
import type { Action } from "../model/access.ts";
import type { Actor } from "../model/actor.ts";
import { ALARM_KINDS } from "../model/alarm.ts";
import type { CheckedChange } from "../store/checked-change.ts";
import type { Change } from "../store/store.ts";
import { chainMembers } from "./chain-wish.ts";
import { writeChain } from "./chains.ts";
import { writeCluster } from "./clusters.ts";
import { writeDomain } from "./domains.ts";
import { writePlugin } from "./plugins.ts";
import { putRecord, type Put } from "./put-record.ts";

/** A document that was read: what it names, the right that it needs, and how it comes about. */
export interface ReadDocument {
  readonly key: string;
  readonly right: Action;
  places(change: Change): Promise<readonly Place[]>;
  /** `expected`: the `revision` of the document, if it has one. */
  write(change: CheckedChange, actor: Actor): Promise<Put<unknown>>;
}

interface DocumentKind {
  /** What may stand in the document beside `kind`. */
  readonly form: z.ZodType<ReadDocument>;
}

const note = z.string().max(4_096);
const seen = { revision: z.int().min(0).optional() };

const domainForm = z
  .strictObject({
    ...seen,
    name: dnsLabel,
    description: note.default(""),
    versionApproval: z.boolean().default(false),
  })
  .transform(({ revision, ...domain }): ReadDocument => ({
    key: domain.name,
    right: "domain.write",
    places: async () => [{ kind: "domain", domain: domain.name }],
    write: (change) => writeDomain(change, domain, revision),
  }));

const clusterForm = z
  .strictObject({
    ...seen,
    name: dnsLabel,
    domain: dnsLabel,
    environment: z.string().min(1).max(63),
    requiredApprovals: z.int().min(0).max(10).default(1),
    rollbackApproval: z.boolean().default(false),
  })
  .transform(({ revision, ...cluster }): ReadDocument => ({
    key: cluster.name,
    right: "cluster.write",
    places: async (change) => {
      const known = await change.clusters.get(cluster.name);
      const places = new Set([known?.domain ?? cluster.domain, cluster.domain]);
      return [...places].map((domain) => ({ kind: "cluster", cluster: cluster.name, domain }) as const);
    },
    write: (change, actor) => writeCluster(change, actor, cluster, revision),
  }));

const pluginForm = z
  .strictObject({
    ...seen,
    name: dnsLabel,
    domain: dnsLabel,
    description: note.default(""),
    owners: z.array(z.string().min(1).max(255)).max(100).default([]),
  })
  .transform(({ revision, ...plugin }): ReadDocument => ({
    key: plugin.name,
    right: "plugin.write",
    places: async (change) => {
      const known = await change.plugins.get(plugin.name);
      const places = new Set([known?.domain ?? plugin.domain, plugin.domain]);
      return [...places].map((domain) => ({ kind: "domain", domain }) as const);
    },
    write: (change, actor) => writePlugin(change, actor, plugin, revision),
  }));

const chainDocument = z
  .strictObject({ ...seen, cluster: dnsLabel, ...chainMembers })
  .transform(({ revision, cluster, ...wish }): ReadDocument => ({
    key: cluster,
    right: "chain.write",
    places: async (change) => {
      const domain = (await change.clusters.get(cluster))?.domain;
      return [{ kind: "cluster", cluster, domain }];
    },
    write: (change) => writeChain(change, cluster, wish, revision),
  }));

const webhookForm = z
  .strictObject({
    ...seen,
    id: identifier,
    url: z.url({ protocol: /^https?$/ }),
    kinds: z.array(z.enum(ALARM_KINDS)).default([]),
    secret: z.union([z.strictObject({ fromEnv: z.string() }), z.strictObject({ fromFile: z.string() })]),
    enabled: z.boolean().default(true),
  })
  .transform(({ revision, ...webhook }): ReadDocument => ({
    key: webhook.id,
    right: "webhook.write",
    places: async () => [{ kind: "everywhere" }],
    write: (change) => putRecord(change.webhooks, { noun: "webhook", key: webhook.id }, webhook, revision),
  }));

/** Kinds of documents, in the order in which they are applied: what others refer to comes first. */
export const DOCUMENT_KINDS = {
  Domain: { form: domainForm },
  Cluster: { form: clusterForm },
  Plugin: { form: pluginForm },
  Chain: { form: chainDocument },
  Webhook: { form: webhookForm },
} as const satisfies Readonly<Record<string, DocumentKind>>;

export type DocumentKindName = keyof typeof DOCUMENT_KINDS;
