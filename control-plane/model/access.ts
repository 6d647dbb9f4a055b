/** Roles that a token can hold. `node` is a sidecar's: it connects, reports and downloads, for its own node only. */
export const ROLES = ["viewer", "developer", "approver", "operator", "admin", "node"] as const;
export type Role = (typeof ROLES)[number];

/** A role within a scope: a domain and all its clusters, one cluster, or everything. */
export interface Grant {
  readonly role: Role;
  readonly scope: Scope;
}

export type Scope =
  | { readonly kind: "all" }
  | { readonly kind: "domain"; readonly domain: string }
  | { readonly kind: "cluster"; readonly cluster: string };

/** `operator@demo`, `viewer@domain:shop`, `admin`: how people write grants. */
export function grantText({ role, scope }: Grant): string {
  if (scope.kind === "all") return role;
  return scope.kind === "cluster" ? `${role}@${scope.cluster}` : `${role}@domain:${scope.domain}`;
}

const READERS = ["viewer", "developer", "approver", "operator", "admin"] as const;

/**
 * Who may do what: the one table that REST, gRPC, docs and tests go by. Owners of a plugin are checked beside it (only
 * they and admins upload), and so is that nobody approves what is their own.
 */
export const ACTIONS = {
  read: READERS,
  "audit.read": ["approver", "operator", "admin"],
  "domain.write": ["admin"],
  "cluster.write": ["operator", "admin"],
  "plugin.create": ["developer", "admin"],
  "plugin.write": ["developer", "admin"],
  "version.upload": ["developer", "admin"],
  "version.approve": ["approver", "admin"],
  "version.delete": ["developer", "admin"],
  "chain.write": ["operator", "admin"],
  "release.create": ["developer", "operator", "admin"],
  "release.edit": ["developer", "operator", "admin"],
  "release.approve": ["approver", "admin"],
  "release.operate": ["operator", "admin"],
  "release.rollback": ["operator", "admin"],
  /** Goes on without approvals; always audited as such. */
  "release.bypass": ["admin"],
  "node.operate": ["operator", "admin"],
  "log.read": ["developer", "operator", "admin"],
  "alarm.write": ["operator", "admin"],
  "webhook.write": ["admin"],
  "token.write": ["admin"],
  backup: ["admin"],
  "artifact.download": ["developer", "operator", "admin", "node"],
  "node.connect": ["node"],
} as const satisfies Readonly<Record<string, readonly Role[]>>;

export type Action = keyof typeof ACTIONS;
