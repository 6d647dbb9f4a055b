import { z } from "zod";

import { secretReference } from "../../../core/secret-reference.ts";
import { ALARM_KINDS } from "../../model/alarm.ts";
import { ROLES } from "../../model/access.ts";
import { VERSION_APPROVALS } from "../../model/catalogue.ts";
import {
  FAILURE_PHASES,
  PLUGIN_STATUSES,
  PRESENCES,
  RESOURCE_TYPES,
  STAGE_STATES,
  SYNC_STATES,
} from "../../model/node.ts";
import { NODE_STEPS, RELEASE_STATES } from "../../model/release.ts";

// What the API sends and takes, as JSON; the same schemas validate, describe (OpenAPI) and type the client.
// Times are ISO 8601; `revision` is the ETag.

export const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "expected a DNS label: up to 63 of a-z, 0-9 and -");
export const identifier = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/, "expected letters, digits, ., _ and -");
const note = z.string().max(4_096);
const time = z.iso.datetime();
const revision = z.int().min(0);
const percentage = z.number().gt(0).max(100);
export const labels = z.record(identifier, z.string().max(256));

export const domain = z.strictObject({
  name,
  description: note,
  versionApproval: z.boolean(),
  revision,
});

export const cluster = z.strictObject({
  name,
  domain: name,
  environment: z.string().min(1).max(63),
  requiredApprovals: z.int().min(0).max(10),
  rollbackApproval: z.boolean(),
  revision,
});

export const plugin = z.strictObject({
  name,
  domain: name,
  description: note,
  owners: z.array(z.string().min(1).max(255)).max(100),
  revision,
});

export const pluginVersion = z.strictObject({
  plugin: name,
  version: z.string(),
  digest: z.string(),
  size: z.int(),
  manifest: z.record(z.string(), z.unknown()),
  configSchema: z.unknown().optional(),
  readme: z.string().optional(),
  uploader: z.string(),
  uploadedAt: time,
  approval: z.enum(VERSION_APPROVALS),
  /** Its plugin's domain asks for an approval before it is released; a cluster of another domain may ask too. */
  approvalRequired: z.boolean(),
  approvedBy: z.string().optional(),
  note,
  /** Clusters where a release of it is open or in force: it cannot be deleted. */
  usedBy: z.array(z.strictObject({ cluster: name, release: z.int() })),
  revision,
});

export const chainEntry = z.strictObject({
  plugin: name,
  mode: z.enum(["enforce", "degrade", "off"]).default("enforce"),
  tag: z.string().default(""),
  config: z.unknown().optional(),
  match: z.unknown().optional(),
  failurePolicy: z.enum(["open", "closed"]).optional(),
  timeout: z.string().optional(),
  cpu: z.string().optional(),
  memory: z.string().optional(),
});

/** What to change of an entry: no defaults, what is left out stays as it is. */
export const chainEntryChanges = chainEntry
  .omit({ plugin: true, mode: true, tag: true })
  .partial()
  .extend({ mode: z.enum(["enforce", "degrade", "off"]).optional(), tag: z.string().optional() });

export const chain = z.strictObject({
  cluster: name,
  entries: z.array(chainEntry),
  deadlines: z.strictObject({ request: z.string(), response: z.string() }),
  revision,
});

export const releaseTarget = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("full") }),
  z.strictObject({ kind: z.literal("nodes"), nodes: z.array(identifier).min(1).max(10_000) }),
  z.strictObject({
    kind: z.literal("selector"),
    labels: labels.refine((all) => Object.keys(all).length > 0, "expected a label"),
  }),
  z.strictObject({ kind: z.literal("percentage"), percentage }),
  z.strictObject({ kind: z.literal("traffic"), percentage }),
]);

export const release = z.strictObject({
  id: z.int(),
  cluster: name,
  plugin: name,
  version: z.string(),
  digest: z.string(),
  state: z.enum(RELEASE_STATES),
  target: releaseTarget,
  /** The node that a percentage takes although it is too small for any of those that there were. */
  firstNode: identifier.optional(),
  author: z.string(),
  /** Who changed it since; they do not approve it either. */
  editors: z.array(z.string()),
  note,
  approvals: z.array(z.strictObject({ by: z.string(), at: time, note, bypass: z.boolean() })),
  requiredApprovals: z.int(),
  scheduledAt: time.optional(),
  automatic: z.boolean(),
  base: z.string().optional(),
  /** Since when it ran in full. */
  activeSince: time.optional(),
  rollbackOf: z.int().optional(),
  supersededBy: z.int().optional(),
  reason: z.string(),
  createdAt: time,
  updatedAt: time,
  /** What may be asked of it in this state, whoever asks. */
  actions: z.array(z.string()),
  revision,
});

export const releaseNode = z.strictObject({
  node: identifier,
  online: z.boolean(),
  targeted: z.boolean(),
  step: z.enum(NODE_STEPS),
  running: z.string().optional(),
  error: z.string().optional(),
});

/** `settled`: nothing more happens by itself; `failed`: nodes that could not, and are not OFFLINE. */
export const releaseStatus = z.strictObject({
  release,
  nodes: z.array(releaseNode),
  counts: z.record(z.enum(NODE_STEPS), z.int()),
  settled: z.boolean(),
});

const mark = z.strictObject({ hash: z.string(), tick: z.int(), at: time });
const standing = z.strictObject({
  wanted: mark.optional(),
  sent: mark.optional(),
  acked: mark.optional(),
  nacked: z.strictObject({ hash: z.string(), at: time, problems: z.array(z.string()) }).optional(),
});

export const node = z.strictObject({
  id: identifier,
  cluster: name,
  service: identifier,
  symbol: identifier,
  labels,
  version: z.string(),
  platform: z.string(),
  presence: z.enum(PRESENCES),
  sync: z.enum(SYNC_STATES),
  lastSeen: time.optional(),
  resources: z.strictObject({ stage: standing, route: standing, chain: standing }),
  plugins: z.array(
    z.strictObject({
      plugin: z.string(),
      version: z.string(),
      digest: z.string(),
      status: z.enum(PLUGIN_STATUSES),
      error: z.string(),
      generation: z.int(),
    }),
  ),
  packages: z.array(
    z.strictObject({
      plugin: z.string(),
      version: z.string(),
      digest: z.string(),
      state: z.enum(STAGE_STATES),
      detail: z.string(),
    }),
  ),
  /**
   * What it should have and does not take, with the hash of the resource. With `plugin` and `version`: that package of
   * its stage cannot be loaded with the config that it should have, or that entry of its chain cannot be put in force;
   * what runs of the plugin goes on, and all else is as it should be.
   */
  refused: z.array(
    z.strictObject({
      type: z.enum(RESOURCE_TYPES),
      hash: z.string().optional(),
      plugin: z.string().optional(),
      version: z.string().optional(),
      at: time.optional(),
      problems: z.array(z.string()),
    }),
  ),
  /** Why versions did not come to run there, or fail: when it said so last, until they get past it; the latest last. */
  failures: z.array(
    z.strictObject({
      plugin: z.string(),
      version: z.string(),
      at: time,
      during: z.enum(FAILURE_PHASES),
      what: z.string(),
    }),
  ),
  revision,
});

const scope = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("all") }),
  z.strictObject({ kind: z.literal("domain"), domain: name }),
  z.strictObject({ kind: z.literal("cluster"), cluster: name }),
]);
export const grant = z.strictObject({ role: z.enum(ROLES), scope });

/** Of whoever holds a token; names of the control plane's own actors are not for people. */
export const actorName = z
  .string()
  .min(1)
  .max(255)
  .regex(/^(?!system\/)/, "expected a name that does not begin with system/");

export const token = z.strictObject({
  id: z.string(),
  name: actorName,
  grants: z.array(grant).min(1).max(100),
  node: identifier.optional(),
  expiresAt: time.optional(),
  createdBy: z.string(),
  createdAt: time,
  revoked: z.boolean(),
  revision,
});

export const auditEvent = z.strictObject({
  id: z.int(),
  tick: z.int(),
  at: time,
  actor: z.string(),
  tokenId: z.string().optional(),
  action: z.string(),
  outcome: z.enum(["accepted", "refused"]),
  reason: z.string(),
  changes: z.array(
    z.strictObject({
      kind: z.string(),
      key: z.string(),
      before: z.unknown().optional(),
      after: z.unknown().optional(),
    }),
  ),
  /** What a refused attempt was about. */
  record: z.strictObject({ kind: z.string(), key: z.string() }).optional(),
});

const alarmKind = z.enum(ALARM_KINDS);
export const alarm = z.strictObject({
  key: z.string(),
  kind: alarmKind,
  cluster: z.string().optional(),
  node: z.string().optional(),
  plugin: z.string().optional(),
  release: z.int().optional(),
  message: z.string(),
  since: time,
  silenced: z.boolean(),
});

export const webhook = z.strictObject({
  id: identifier,
  url: z.url({ protocol: /^https?$/ }),
  kinds: z.array(alarmKind),
  secret: secretReference,
  enabled: z.boolean(),
  revision,
});

export const silence = z.strictObject({
  id: z.string(),
  kind: alarmKind.optional(),
  cluster: name.optional(),
  node: identifier.optional(),
  plugin: name.optional(),
  until: time,
  by: z.string(),
  reason: note,
  revision,
});

export const delivery = z.strictObject({
  id: z.string(),
  webhook: z.string(),
  /** Keys of the alarms that it tells of. */
  alarms: z.array(z.string()),
  event: z.enum(["raised", "resolved"]),
  state: z.enum(["waiting", "delivered", "dead"]),
  attempts: z.int(),
  lastError: z.string(),
  createdAt: time,
});

/** How far the nodes of a cluster (or of all) are; what `sluice wait --for=converged` waits for. */
export const convergence = z.strictObject({
  tick: z.int(),
  nodes: z.int(),
  online: z.int(),
  synced: z.int(),
  pending: z.int(),
  rejected: z.int(),
  converged: z.boolean(),
});

/** RFC 9457; `code` is stable. */
export const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  problems: z
    .array(z.strictObject({ where: z.string(), key: z.string().optional(), message: z.string() }))
    .optional(),
});
