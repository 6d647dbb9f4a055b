import { status as Status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";
import { PREPARED, RightsWorld, type PreparedRequest } from "../../test/support/rights-world.ts";
import { TestNode } from "../../test/support/test-node.ts";
import { ACTIONS, ROLES, type Role } from "../model/access.ts";
import type { Endpoint } from "./contract/endpoint.ts";
import { ENDPOINTS, type EndpointName } from "./contract/endpoints.ts";
import { API_PREFIX } from "./contract/prefix.ts";

// Every role and every action of the table of rights, with requests that succeed for whoever may ask.

const ENTRIES = Object.entries(ENDPOINTS) as readonly [EndpointName, Endpoint][];
/** What `nothing` answers; everything else is 200. */
const statusOf = ({ answer }: Endpoint): number => (answer === "nothing" ? 204 : 200);
/** Who has the right and is refused all the same: no kind of document is theirs to write. */
const OTHERWISE: Partial<Record<EndpointName, Partial<Record<Role, number>>>> = {
  applyDocument: { viewer: 403, approver: 403 },
};
const NOT_THERE = { release: "999", digest: "0".repeat(64), version: "9.9.9" };

async function ask(
  { baseUrl }: Pick<TestControlPlane, "baseUrl">,
  { method, path }: Endpoint,
  { params = NOT_THERE, body, package: bytes }: PreparedRequest,
  token: string | undefined,
): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
  const named: Readonly<Record<string, string | number>> = params;
  const filled = path.replaceAll(/:([a-z]+)/g, (_, name: string) => String(named[name] ?? "nothing"));
  const form = new FormData();
  if (bytes !== undefined) form.set("package", new Blob([new Uint8Array(bytes)]), "package.zip");
  const response = await fetch(`${baseUrl}${API_PREFIX}${filled}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(bytes === undefined ? {} : { body: form }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, type: response.headers.get("content-type") ?? "", text };
}

test("the table of rights is the endpoints', but for a node's stream and a plugin that is new", () => {
  const rights = new Set(ENTRIES.map(([, { right }]) => right).filter((right) => right !== "none"));

  expect(Object.keys(ACTIONS).toSorted()).toEqual([...rights, "node.connect", "plugin.create"].toSorted());
});

describe.for(ROLES)("%s", (role: Role) => {
  let world: RightsWorld;
  beforeAll(async () => {
    world = await RightsWorld.start(role);
  });
  afterAll(async () => world[Symbol.asyncDispose]());

  test.for(ENTRIES)(
    "%s does what it is for, or is refused with a problem and audited",
    async ([name, endpoint]) => {
      const { right } = endpoint;
      const allowed = right === "none" || (ACTIONS[right] as readonly Role[]).includes(role);
      const asker = `${role}-${name}`;
      const token = await world.asks(asker, !allowed);
      const request = await PREPARED[name](world);
      const { tick } = await world.admin.call("health");

      const answer = await ask(world.plane, endpoint, request, token);

      if (allowed) {
        const expected = OTHERWISE[name]?.[role] ?? statusOf(endpoint);
        expect(answer).toMatchObject({ status: expected });
        return;
      }
      expect(answer).toMatchObject({ status: 403, type: "application/problem+json; charset=utf-8" });
      expect(JSON.parse(answer.text)).toMatchObject({
        status: 403,
        code: "forbidden",
        detail: expect.stringContaining(right) as string,
      });
      expect(await changesAfter(world, tick)).toEqual([]);
      const { items } = await world.admin.call("listAudit", { query: { actor: asker } });
      expect(items).toMatchObject([{ outcome: "refused", reason: expect.stringContaining(right) as string }]);
      for (const { before, after } of items.flatMap(({ changes }) => changes))
        expect([before, after]).toEqual([undefined, undefined]);
    },
  );
});

/** Steps of releases that nobody asks for; see implied-steps.ts. */
const IMPLIED = /^system\/(?:schedule|reports) release\.(?:schedule|begin|continue|downloaded|gray|active)$/;

/**
 * What was changed after this tick, but for steps that are implied: a node that was silent for long is OFFLINE and holds
 * up no release any more, whoever asks for something at that moment.
 */
async function changesAfter({ admin }: RightsWorld, tick: number): Promise<readonly string[]> {
  const { items } = await admin.call("listAudit", { query: { afterTick: tick, limit: 1_000 } });
  const accepted = items.filter(({ outcome }) => outcome === "accepted");
  return accepted.map(({ actor, action }) => `${actor} ${action}`).filter((change) => !IMPLIED.test(change));
}

test("a plugin that is new takes the right to make one", async () => {
  for (const role of ROLES) {
    await using world = await RightsWorld.start(role);
    const token = await world.asks(role, false);
    const request = { params: { plugin: "new" }, body: world.pluginBody("new") };

    const { status } = await ask(world.plane, ENDPOINTS.putPlugin, request, token);

    const allowed = (ACTIONS["plugin.create"] as readonly Role[]).includes(role);
    expect({ role, status }).toEqual({ role, status: allowed ? 200 : 403 });
  }
});

/** Secrets of tokens that are none any more, and of those that never were; the names that the audit has of them. */
async function badTokens(
  own: TestControlPlane,
  clock: ManualClock,
  role: "admin" | "node",
): Promise<readonly { readonly actor: string; readonly secret: string | undefined }[]> {
  const make = async (name: string, expiresAt?: string): Promise<{ id: string; secret: string }> => {
    const grants = [{ role, scope: { kind: "all" } } as const];
    const node = role === "node" ? "node-1" : undefined;
    const body = { name, grants, node, expiresAt };
    const { token, secret } = await own.admin.call("createToken", { body });
    return { id: token.id, secret };
  };
  const expired = await make("late", new Date(clock.wall() + 1_000).toISOString());
  const revoked = await make("gone");
  if (role === "admin") for (const { secret } of [revoked, expired]) await own.client(secret).call("whoAmI");
  await own.admin.call("revokeToken", { params: { token: revoked.id } });
  clock.advance(1_000);
  return [
    { actor: "nobody", secret: undefined },
    { actor: "nobody", secret: "sluice_wrong" },
    { actor: "late", secret: expired.secret },
    { actor: "gone", secret: revoked.secret },
  ];
}

test("no token, a wrong one, an expired one and a revoked one are refused everywhere, and the audit has each", async () => {
  const clock = new ManualClock();
  await using own = await TestControlPlane.start({ clock });
  const tokens = await badTokens(own, clock, "admin");
  const guarded = ENTRIES.filter(([, { right }]) => right !== "none");
  const expected: string[] = [];

  for (const [, endpoint] of guarded) {
    for (const { actor, secret } of tokens) {
      const answer = await ask(own, endpoint, {}, secret);
      expect(answer).toMatchObject({ status: 401, type: "application/problem+json; charset=utf-8" });
      expect(JSON.parse(answer.text)).toMatchObject({ code: "unauthenticated" });
      expected.push(actor);
    }
    // Only so many refusals are written in a minute.
    clock.advance(60_000);
  }

  const { items } = await own.admin.call("listAudit", { query: { limit: 1_000 } });
  const refused = items.filter(({ outcome }) => outcome === "refused");
  expect(refused.map(({ actor }) => actor)).toEqual(expected);
  expect(refused.filter(({ action, reason }) => action === "" || !reason.includes("token"))).toEqual([]);
});

test("a stream without a node's own, valid token is refused, and the audit has it", async () => {
  const clock = new ManualClock();
  await using own = await TestControlPlane.start({ clock });
  const bad = await badTokens(own, clock, "node");
  const people = await Promise.all(
    ROLES.filter((role) => role !== "node").map(async (role) => ({
      actor: role,
      secret: await own.token(role),
    })),
  );
  const nodes = await Promise.all(
    ["node-1", "node-2", "node-10"].map(async (actor) => ({
      actor,
      secret: await own.token("node", { kind: "all" }, actor),
    })),
  );
  const greetings = [
    ...[...bad, ...people].map((token) => ({ ...token, as: "node-1" })),
    ...nodes.flatMap((token) => nodes.map(({ actor }) => ({ ...token, as: actor }))),
  ].filter(({ actor, as }) => actor !== as);

  const codes: number[] = [];
  for (const { secret, as } of greetings) {
    await using node = TestNode.greet(own.ports.push, as, { token: secret });
    const code = await node.next("welcome").then(
      () => Status.OK,
      async () => (await node.ended()).code,
    );
    codes.push(code);
  }

  const [unauthenticated, denied] = [Status.UNAUTHENTICATED, Status.PERMISSION_DENIED];
  expect(codes).toEqual(greetings.map((_, index) => (index < bad.length ? unauthenticated : denied)));
  const { items } = await own.admin.call("listAudit", { query: { action: "node.connect" } });
  expect(items.map(({ outcome, actor }) => `${outcome} ${actor}`)).toEqual(
    greetings.map(({ actor }) => `refused ${actor}`),
  );
});
