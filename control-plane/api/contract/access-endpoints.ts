import { z } from "zod";

import { paging, page, query, type Endpoint } from "./endpoint.ts";
import * as resource from "./resources.ts";

/** Tokens and audit. */
export const ACCESS_ENDPOINTS = {
  whoAmI: {
    method: "GET",
    path: "/self",
    right: "read",
    scope: "somewhere",
    summary: "Whose token this is, and what it may do.",
    answer: resource.token,
  },
  listTokens: {
    method: "GET",
    path: "/tokens",
    right: "token.write",
    scope: "everywhere",
    summary: "Tokens, without their secrets.",
    query: query(paging),
    answer: page(resource.token),
  },
  createToken: {
    method: "POST",
    path: "/tokens",
    right: "token.write",
    scope: "everywhere",
    summary: "Makes a token; its secret is in this answer and nowhere else.",
    body: z.strictObject({
      name: resource.actorName,
      grants: z.array(resource.grant).min(1).max(100),
      node: resource.identifier.optional(),
      expiresAt: z.iso.datetime().optional(),
    }),
    answer: z.strictObject({ token: resource.token, secret: z.string() }),
  },
  revokeToken: {
    method: "DELETE",
    path: "/tokens/:token",
    right: "token.write",
    scope: "everywhere",
    summary: "Revokes a token.",
    answer: "nothing",
  },
  listAudit: {
    method: "GET",
    path: "/audit-events",
    right: "audit.read",
    scope: "everywhere",
    summary: "What was changed and refused, oldest first.",
    query: query({
      ...paging,
      actor: z.string().optional(),
      action: z.string().optional(),
      kind: z.string().optional(),
      key: z.string().optional(),
      afterTick: z.coerce.number().int().min(0).optional(),
    }),
    answer: page(resource.auditEvent),
    watch: true,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
