import type { Revised } from "./revised.ts";

export const ALARM_KINDS = [
  "node-offline",
  "plugin-failing",
  "plugin-quarantined",
  "nack",
  "not-converged",
  "release-waiting",
  "artifact-mismatch",
  "store-error",
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

/** Something that a person should look at; raised once, until it is resolved. */
export interface Alarm {
  /** The same for the same trouble: kind and what it is about. */
  readonly key: string;
  readonly kind: AlarmKind;
  readonly cluster: string | undefined;
  readonly node: string | undefined;
  readonly plugin: string | undefined;
  readonly release: number | undefined;
  readonly message: string;
  /** Wall clock, ms. */
  readonly since: number;
}

/** Where alarms are sent, signed by HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks). */
export interface Webhook extends Revised {
  readonly id: string;
  readonly url: string;
  /** Kinds that it wants; empty: all. */
  readonly kinds: readonly AlarmKind[];
  /** Name of the environment variable or path of the file that holds the secret; never the secret. */
  readonly secret: { readonly fromEnv: string } | { readonly fromFile: string };
  readonly enabled: boolean;
}

/** No webhook is called for alarms that it fits, until it ends. */
export interface Silence extends Revised {
  readonly id: string;
  readonly kind: AlarmKind | undefined;
  readonly cluster: string | undefined;
  readonly node: string | undefined;
  readonly plugin: string | undefined;
  readonly until: number;
  readonly by: string;
  readonly reason: string;
}

/** One call of a webhook. */
export interface WebhookDelivery {
  /** The same however often it is tried. */
  readonly id: string;
  readonly webhook: string;
  /** Of one kind and cluster, that began or ended together. */
  readonly alarms: readonly Alarm[];
  readonly event: "raised" | "resolved";
  readonly state: "waiting" | "delivered" | "dead";
  readonly attempts: number;
  readonly lastError: string;
  /** Wall clock, ms. */
  readonly createdAt: number;
}
