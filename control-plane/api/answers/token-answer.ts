import type { z } from "zod";

import type { AuditEvent } from "../../model/audit.ts";
import type { Token } from "../../model/token.ts";
import type * as resource from "../contract/resources.ts";
import { optionalTimeText, timeText } from "./time.ts";

/** A token without anything that could be presented. */
export function tokenAnswer(token: Token): z.input<typeof resource.token> {
  const { hash: _never, grants, expiresAt, createdAt, ...rest } = token;
  return {
    ...rest,
    grants: grants.map((grant) => ({ ...grant })),
    expiresAt: optionalTimeText(expiresAt),
    createdAt: timeText(createdAt),
  };
}

export function auditAnswer({ changes, at, ...rest }: AuditEvent): z.input<typeof resource.auditEvent> {
  return { ...rest, at: timeText(at), changes: changes.map((change) => ({ ...change })) };
}
