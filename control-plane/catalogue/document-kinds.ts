import { z } from "zod";

import { dnsLabel, identifier } from "../../core/chain-document/names.ts";
import { secretReference } from "../../core/secret-reference.ts";
import type { Place } from "../access/place.ts";
import type { Action } from "../model/access.ts";
import type { Actor } from "../model/actor.ts";
import { ALARM_KINDS } from "../model/alarm.ts";
import { urlProblem } from "../model/webhook-url.ts";
import type { CheckedChange } from "../store/checked-change.ts";
import type { View } from "../store/store.ts";
import { chainMembers, chainOf } from "./chain-wish.ts";
import { writeChain } from "./chains.ts";
import { writeCluster } from "./clusters.ts";
import { writeDomain } from "./domains.ts";
import { withOwners, writePlugin } from "./plugins.ts";
import { comparedRecord, putRecord, type Put } from "./put-record.ts";

/** Where things are that documents name. */
export type Whereabouts = { readonly [Name in "clusters" | "plugins"]: Pick<View[Name], "get"> };

/** A document that was read: what it names, the rights that it needs, and how it comes about. */
export interface ReadDocument {
  readonly key: string;
  /** To write it, and to see what it names as it is. */
  readonly rights: { readonly write: Action; readonly read: Action };
  /** Where the right is needed. */
  places(known: Whereabouts): Promise<readonly Place[]>;
  /** How what is there differs from it; looks at nothing else. */
  compare(view: View, actor: Actor): Promise<Put<unknown>>;
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
    rights: { write: "domain.write", read: "read" },
    places: async () => [{ kind: "domain", domain: domain.name }],
    compare: ({ domains }) => comparedRecord(domains, { noun: "domain", key: domain.name }, domain, revision),
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
    rights: { write: "cluster.write", read: "read" },
    places: async (known) => {
      const there = await known.clusters.get(cluster.name);
      const places = new Set([there?.domain ?? cluster.domain, cluster.domain]);
      return [...places].map((domain) => ({ kind: "cluster", cluster: cluster.name, domain }) as const);
    },
    compare: ({ clusters }) =>
      comparedRecord(clusters, { noun: "cluster", key: cluster.name }, cluster, revision),
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
    rights: { write: "plugin.write", read: "read" },
    places: async (known) => {
      const there = await known.plugins.get(plugin.name);
      const places = new Set([there?.domain ?? plugin.domain, plugin.domain]);
      return [...places].map((domain) => ({ kind: "domain", domain }) as const);
    },
    compare: async ({ plugins }, actor) => {
      const wanted = withOwners(actor, await plugins.get(plugin.name), plugin);
      return comparedRecord(plugins, { noun: "plugin", key: plugin.name }, wanted, revision);
    },
    write: (change, actor) => writePlugin(change, actor, plugin, revision),
  }));

const chainDocument = z
  .strictObject({ ...seen, cluster: dnsLabel, ...chainMembers })
  .transform(({ revision, cluster, ...wish }): ReadDocument => ({
    key: cluster,
    rights: { write: "chain.write", read: "read" },
    places: async (known) => {
      const domain = (await known.clusters.get(cluster))?.domain;
      return [{ kind: "cluster", cluster, domain }];
    },
    compare: ({ chains }) =>
      comparedRecord(chains, { noun: "chain of cluster", key: cluster }, chainOf(cluster, wish), revision),
    write: (change) => writeChain(change, cluster, wish, revision),
  }));

const webhookForm = z
  .strictObject({
    ...seen,
    id: identifier,
    url: z.url({ protocol: /^https?$/, abort: true }).superRefine((url, context) => {
      const problem = urlProblem(new URL(url));
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    }),
    kinds: z.array(z.enum(ALARM_KINDS)).default([]),
    secret: secretReference,
    enabled: z.boolean().default(true),
  })
  .transform(({ revision, ...webhook }): ReadDocument => ({
    key: webhook.id,
    rights: { write: "webhook.write", read: "webhook.write" },
    places: async () => [{ kind: "everywhere" }],
    compare: ({ webhooks }) =>
      comparedRecord(webhooks, { noun: "webhook", key: webhook.id }, webhook, revision),
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
