import { randomUUID } from "node:crypto";

import type { Clock } from "../../core/clock.ts";
import { permits } from "../access/authorize.ts";
import { hashSecret } from "../access/hash-secret.ts";
import { newSecret } from "../access/new-secret.ts";
import type { Place } from "../access/place.ts";
import type { Grant, Scope } from "../model/access.ts";
import type { Actor } from "../model/actor.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Token } from "../model/token.ts";
import { allItems } from "../store/all-items.ts";
import type { Change, Store, View } from "../store/store.ts";
import { clusterNamed, domainNamed } from "./named-records.ts";

export interface TokenWish {
  readonly name: string;
  readonly grants: readonly Grant[];
  readonly node: string | undefined;
  /** Wall clock, ms. */
  readonly expiresAt: number | undefined;
}

/** Makes a token. The secret is in the answer and nowhere else. `forbidden`: more rights than the maker may give. */
export async function createToken(
  store: Store,
  actor: Actor,
  wish: TokenWish,
  clock: Clock,
): Promise<{ readonly token: Token; readonly secret: string }> {
  refuseUnfit(wish, clock.wall());
  const secret = newSecret();
  const { result } = await store.change(actor, "token.write", async (change) => {
    for (const { scope } of wish.grants) await refuseBeyond(change, actor, scope);
    return change.tokens.insert({
      ...wish,
      id: randomUUID(),
      hash: hashSecret(secret),
      createdBy: actor.name,
      createdAt: clock.wall(),
      revoked: false,
    });
  });
  return { token: result, secret };
}

/** From its answer on the token opens nothing. `wrong_state` for the last one that can make others. */
export async function revokeToken(store: Store, actor: Actor, id: string, clock: Clock): Promise<void> {
  await store.change(actor, "token.write", async (change) => {
    const token = await change.tokens.get(id);
    if (token === undefined) throw new OperationError("not_found", `there is no token ${id}`);
    for (const { scope } of token.grants) await refuseBeyond(change, actor, scope);
    if (token.revoked) return;
    await refuseLastAdmin(change, token, clock.wall());
    await change.tokens.update({ ...token, revoked: true }, token.revision);
  });
}

function refuseUnfit({ grants, node, expiresAt }: TokenWish, wall: number): void {
  const forNode = grants.some(({ role }) => role === "node");
  if (forNode && grants.some(({ role }) => role !== "node"))
    throw invalid("grants", "a node's token has the role node and no other");
  if (forNode && node === undefined) throw invalid("node", "missing: the node that the token speaks for");
  if (!forNode && node !== undefined)
    throw invalid("node", "only a token with the role node speaks for a node");
  if (expiresAt !== undefined && expiresAt <= wall)
    throw invalid("expiresAt", "expected a time that is yet to come");
}

/** Nobody gives or takes rights where they could not give all of them. */
async function refuseBeyond(change: Change, actor: Actor, scope: Scope): Promise<void> {
  const place = await placeOf(change, scope);
  if (permits(actor, "token.write", place)) return;
  const where = scope.kind === "all" ? "everything" : `${scope.kind} ${nameOf(scope)}`;
  throw new OperationError("forbidden", `${actor.name} may not give or take rights for ${where}`);
}

async function placeOf(view: Pick<View, "clusters" | "domains">, scope: Scope): Promise<Place> {
  switch (scope.kind) {
    case "all":
      return { kind: "everywhere" };
    case "domain":
      return { kind: "domain", domain: (await domainNamed(view, scope.domain)).name };
    case "cluster": {
      const { name, domain } = await clusterNamed(view, scope.cluster);
      return { kind: "cluster", cluster: name, domain };
    }
  }
}

function nameOf(scope: Exclude<Scope, { kind: "all" }>): string {
  return scope.kind === "domain" ? scope.domain : scope.cluster;
}

async function refuseLastAdmin(change: Change, token: Token, wall: number): Promise<void> {
  if (!isAdmin(token, wall)) return;
  const tokens = await allItems((page) => change.tokens.list({}, page));
  if (tokens.some((other) => other.id !== token.id && isAdmin(other, wall))) return;
  throw new OperationError("wrong_state", "it is the last admin's token: make another one first");
}

/** For everything, at this time. */
function isAdmin({ grants, revoked, expiresAt }: Token, wall: number): boolean {
  if (revoked || (expiresAt !== undefined && expiresAt <= wall)) return false;
  return grants.some(({ role, scope }) => role === "admin" && scope.kind === "all");
}

function invalid(key: string, message: string): OperationError {
  const problems = [{ where: "body", key, message }];
  return new OperationError("invalid_input", `${key}: ${message}`, { problems });
}
