import { OperationError } from "../model/operation-error.ts";
import { ACTIONS, type Action, type Grant, type Role } from "../model/access.ts";
import type { Actor } from "../model/actor.ts";
import type { Place } from "./place.ts";

/** Whether the table of rights lets the actor do this there. The control plane itself may do everything. */
export function permits(actor: Actor, action: Action, place: Place): boolean {
  if (actor.kind === "system") return true;
  const roles: readonly Role[] = ACTIONS[action];
  return actor.grants.some((grant) => roles.includes(grant.role) && covers(grant, place));
}

/** Throws an `OperationError` `forbidden` that says which roles could, and where. */
export function authorize(actor: Actor, action: Action, place: Place): void {
  if (permits(actor, action, place)) return;
  const roles = ACTIONS[action].join(", ");
  throw new OperationError(
    "forbidden",
    `${actor.name} may not ${action}${describe(place)}: it takes one of ${roles}`,
  );
}

function covers({ scope }: Grant, place: Place): boolean {
  if (scope.kind === "all" || place.kind === "somewhere") return true;
  if (place.kind === "everywhere") return false;
  if (scope.kind === "domain") return scope.domain === place.domain;
  return place.kind === "cluster" && scope.cluster === place.cluster;
}

function describe(place: Place): string {
  switch (place.kind) {
    case "everywhere":
      return " for everything";
    case "somewhere":
      return " anywhere";
    case "domain":
      return ` in domain ${place.domain}`;
    case "cluster":
      return ` in cluster ${place.cluster}`;
  }
}
