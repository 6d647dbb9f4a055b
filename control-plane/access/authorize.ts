import { OperationError } from "../model/operation-error.ts";
import { ACTIONS, grantText, type Action, type Grant, type Role } from "../model/access.ts";
import type { Actor } from "../model/actor.ts";
import type { Place } from "./place.ts";

/** Whether the table of rights lets the actor do this there. The control plane itself may do everything. */
export function permits(actor: Actor, action: Action, place: Place): boolean {
  if (actor.kind === "system") return true;
  const roles: readonly Role[] = ACTIONS[action];
  return actor.grants.some((grant) => roles.includes(grant.role) && covers(grant, place));
}

/** Throws an `OperationError` `forbidden` that names the grants that would do, and those that there are. */
export function authorize(actor: Actor, action: Action, place: Place): void {
  if (actor.kind === "system" || permits(actor, action, place)) return;
  const roles: readonly Role[] = ACTIONS[action];
  throw new OperationError(
    "forbidden",
    `${actor.name} may not ${action}${describe(place)}: it takes one of ${roles.join(", ")}${example(roles, place)}, and ${actor.name} has ${held(actor.grants)}`,
  );
}

/** A grant of the first role that is no wider than the place. */
function example([role = "admin"]: readonly Role[], place: Place): string {
  switch (place.kind) {
    case "everywhere":
      return " without a scope";
    case "somewhere":
      return "";
    case "domain":
      return `, such as ${grantText({ role, scope: { kind: "domain", domain: place.domain } })}`;
    case "cluster":
      return `, such as ${grantText({ role, scope: { kind: "cluster", cluster: place.cluster } })}`;
  }
}

/** How many of them a message names. */
const NAMED = 5;

function held(grants: readonly Grant[]): string {
  const named = grants.slice(0, NAMED).map(grantText).join(", ");
  return grants.length > NAMED ? `${named} and ${grants.length - NAMED} more` : named;
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
