import { permits } from "../access/authorize.ts";
import type { Actor } from "../model/actor.ts";
import type { Plugin } from "../model/catalogue.ts";
import { OperationError } from "../model/operation-error.ts";

/** Only a plugin's owners and the admins of its domain change it; throws `forbidden` for anybody else. */
export function requireOwner(actor: Actor, { name, domain, owners }: Plugin): void {
  if (owners.includes(actor.name)) return;
  // A right that admins alone have: the role itself is not asked for anywhere.
  if (permits(actor, "domain.write", { kind: "domain", domain })) return;
  const who = owners.length === 0 ? "nobody" : owners.join(", ");
  throw new OperationError(
    "forbidden",
    `${actor.name} is no owner of plugin ${name}: its owners are ${who}; one of them or an admin can do this`,
  );
}
