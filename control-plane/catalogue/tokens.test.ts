import { expect, test } from "vitest";

import { person } from "../../test/support/catalogue-records.ts";
import { openedCatalogue } from "../../test/support/opened-catalogue.ts";
import { RefusalLog } from "../access/refusal-log.ts";
import { TokenAuthenticator } from "../access/token-authenticator.ts";
import type { Grant } from "../model/access.ts";
import type { Actor } from "../model/actor.ts";
import { createToken, revokeToken, type TokenWish } from "./tokens.ts";

function holder(...grants: readonly Grant[]): Actor {
  return { ...person("root"), grants } as Actor;
}
const everything: Grant = { role: "admin", scope: { kind: "all" } };
const root = holder(everything);

function wish(facts: Partial<TokenWish>): TokenWish {
  return {
    name: "ann",
    grants: [{ role: "viewer", scope: { kind: "cluster", cluster: "demo" } }],
    node: undefined,
    expiresAt: undefined,
    ...facts,
  };
}

test("a new token opens until it is revoked, and its secret is nowhere in the store", async () => {
  await using catalogue = await openedCatalogue();
  const { store, clock } = catalogue;
  using authenticator = new TokenAuthenticator(store, clock, new RefusalLog(store, clock));

  const { token, secret } = await createToken(store, root, wish({}), clock);

  expect(await authenticator.authenticate(secret, "read")).toMatchObject({ name: "ann", tokenId: token.id });
  const stored = await store.read(async (view) => [
    await view.tokens.list({}, { limit: 10 }),
    await view.audit.list({}, { limit: 10 }),
  ]);
  expect(JSON.stringify(stored)).not.toContain(secret);
  await revokeToken(store, root, token.id, clock);
  await expect(authenticator.authenticate(secret, "read")).rejects.toMatchObject({ code: "unauthenticated" });
  await revokeToken(store, root, token.id, clock);
  await expect(revokeToken(store, root, "none", clock)).rejects.toMatchObject({ code: "not_found" });
});

test.for([
  ["grants", { grants: [{ role: "node", scope: { kind: "all" } }, everything], node: "node-1" }],
  ["node", { grants: [{ role: "node", scope: { kind: "all" } }] }],
  ["node", { node: "node-1" }],
  ["expiresAt", { expiresAt: 0 }],
] as const satisfies readonly (readonly [string, Partial<TokenWish>])[])(
  "a token that makes no sense is refused by its %s",
  async ([key, facts]) => {
    await using catalogue = await openedCatalogue();
    const made = createToken(catalogue.store, root, wish(facts), catalogue.clock);

    await expect(made).rejects.toMatchObject({ code: "invalid_input", problems: [{ key }] });
  },
);

test("nobody gives rights that go beyond their own, nor for what is not there", async () => {
  await using catalogue = await openedCatalogue();
  const { store, clock } = catalogue;
  const domainAdmin = holder({ role: "admin", scope: { kind: "domain", domain: "pay" } });

  await expect(createToken(store, domainAdmin, wish({}), clock)).resolves.toBeDefined();
  const beyond = createToken(store, domainAdmin, wish({ grants: [everything] }), clock);
  await expect(beyond).rejects.toMatchObject({ code: "forbidden" });
  const nowhere = wish({ grants: [{ role: "viewer", scope: { kind: "cluster", cluster: "dem" } }] });
  await expect(createToken(store, root, nowhere, clock)).rejects.toThrow('did you mean "demo"?');
});

test("nobody takes rights that go beyond their own", async () => {
  await using catalogue = await openedCatalogue();
  const { store, clock } = catalogue;
  const domainAdmin = holder({ role: "admin", scope: { kind: "domain", domain: "pay" } });
  const wide = await createToken(store, root, wish({ grants: [...wish({}).grants, everything] }), clock);
  const narrow = await createToken(store, root, wish({}), clock);

  await expect(revokeToken(store, domainAdmin, wide.token.id, clock)).rejects.toMatchObject({
    code: "forbidden",
  });
  await revokeToken(store, domainAdmin, narrow.token.id, clock);

  const kept = await store.read(({ tokens }) => tokens.get(wide.token.id));
  expect(kept?.revoked).toBe(false);
});

test("the last admin's token is not revoked, so that somebody can always enter", async () => {
  await using catalogue = await openedCatalogue();
  const { store, clock } = catalogue;
  const { token } = await createToken(store, root, wish({ grants: [everything] }), clock);
  await createToken(store, root, wish({ grants: [everything], expiresAt: clock.wall() + 1_000 }), clock);
  clock.advance(1_000);

  await expect(revokeToken(store, root, token.id, clock)).rejects.toMatchObject({ code: "wrong_state" });

  await createToken(store, root, wish({ grants: [everything] }), clock);
  await revokeToken(store, root, token.id, clock);
});
