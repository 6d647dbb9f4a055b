import { expect, test } from "vitest";

import { person, tokenOf } from "../../test/support/catalogue-records.ts";
import { openedStore } from "../../test/support/opened-store.ts";
import type { Token } from "../model/token.ts";
import type { Store } from "../store/store.ts";
import { hashSecret } from "./hash-secret.ts";
import { newSecret } from "./new-secret.ts";
import { RefusalLog } from "./refusal-log.ts";
import { TokenAuthenticator } from "./token-authenticator.ts";

const root = person("root");

async function addToken(store: Store, name: string, facts: Partial<Token> = {}): Promise<string> {
  const secret = newSecret();
  const token = tokenOf(name, { hash: hashSecret(secret), ...facts });
  await store.change(root, "token.write", ({ tokens }) => tokens.insert(token));
  return secret;
}

async function revoke(store: Store, name: string): Promise<void> {
  await store.change(root, "token.write", async ({ tokens }) => {
    const token = await tokens.get(`id-of-${name}`);
    if (token !== undefined) await tokens.update({ ...token, revoked: true });
  });
}

async function refusals(store: Store): Promise<readonly (readonly [string, string])[]> {
  const { items } = await store.read(({ audit }) => audit.list({}, { limit: 1_000 }));
  return items.filter(({ outcome }) => outcome === "refused").map(({ actor, reason }) => [actor, reason]);
}

test("a valid token speaks for its name, with its grants", async () => {
  await using opened = await openedStore();
  const { store, clock } = opened;
  using authenticator = new TokenAuthenticator(store, clock, new RefusalLog(store, clock));
  const secret = await addToken(store, "ann", { node: "node-1" });

  expect(secret).toMatch(/^sluice_[0-9a-f]{64}$/);
  for (let time = 0; time < 2; time++)
    expect(await authenticator.authenticate(secret, "read")).toEqual({
      kind: "token",
      name: "ann",
      tokenId: "id-of-ann",
      grants: [{ role: "viewer", scope: { kind: "all" } }],
      node: "node-1",
    });
});

test("no token, a wrong, a revoked and an expired one are refused, and audited without the secret", async () => {
  await using opened = await openedStore();
  const { store, clock } = opened;
  using authenticator = new TokenAuthenticator(store, clock, new RefusalLog(store, clock));
  const revoked = await addToken(store, "rae", { revoked: true });
  const expired = await addToken(store, "eve", { expiresAt: clock.wall() });
  const unknown = newSecret();
  const hash = hashSecret(revoked);

  for (const secret of [undefined, "", unknown, revoked, expired, hash])
    await expect(authenticator.authenticate(secret, "read")).rejects.toMatchObject({
      code: "unauthenticated",
    });

  expect(await refusals(store)).toEqual([
    ["nobody", "no token was presented"],
    ["nobody", "the token is unknown"],
    ["nobody", "the token is unknown"],
    ["rae", "token id-of-rae was revoked"],
    ["eve", "token id-of-eve has expired"],
    ["nobody", "the token is unknown"],
  ]);
  const audit = JSON.stringify(await store.read((view) => view.audit.list({}, { limit: 100 })));
  for (const secret of [unknown, revoked, expired, hash]) expect(audit).not.toContain(secret);
});

test("a token opens nothing from the moment at which its revocation is answered", async () => {
  await using opened = await openedStore();
  const { store, clock } = opened;
  using authenticator = new TokenAuthenticator(store, clock, new RefusalLog(store, clock));
  const secret = await addToken(store, "ann");
  await authenticator.authenticate(secret, "read");
  const ended = Promise.withResolvers<string>();
  authenticator.onEnded(ended.resolve);

  await revoke(store, "ann");

  await expect(authenticator.authenticate(secret, "read")).rejects.toMatchObject({ code: "unauthenticated" });
  expect(await ended.promise).toBe("id-of-ann");
});

test("a token that is revoked while it is being read is not remembered as it was", async () => {
  await using opened = await openedStore();
  const { store, clock } = opened;
  const secret = await addToken(store, "ann");
  const revokedInBetween: Pick<Store, "read" | "onAccepted"> = {
    onAccepted: (listener) => store.onAccepted(listener),
    read: async (run) => {
      const found = await store.read(run);
      await revoke(store, "ann");
      return found;
    },
  };
  using authenticator = new TokenAuthenticator(
    revokedInBetween as Store,
    clock,
    new RefusalLog(store, clock),
  );

  await authenticator.authenticate(secret, "read");

  await expect(authenticator.authenticate(secret, "read")).rejects.toMatchObject({ code: "unauthenticated" });
});

test("a token that expires while something is open on its behalf is told of once", async () => {
  await using opened = await openedStore();
  const { store, clock } = opened;
  using authenticator = new TokenAuthenticator(store, clock, new RefusalLog(store, clock));
  const secret = await addToken(store, "ann", { expiresAt: clock.wall() + 10_000 });
  await authenticator.authenticate(secret, "node.connect");
  const ended: string[] = [];
  authenticator.onEnded((tokenId) => ended.push(tokenId));

  clock.advance(9_000);
  expect(ended).toEqual([]);
  clock.advance(5_000);

  expect(ended).toEqual(["id-of-ann"]);
});

test("a flood of refusals is written in part, and how many were left out is written too", async () => {
  await using opened = await openedStore();
  const { store, clock } = opened;
  const limits = { perName: 3, total: 5, window: 1_000 };
  using authenticator = new TokenAuthenticator(store, clock, new RefusalLog(store, clock, limits));
  const attempt = (secret: string | undefined): Promise<unknown> =>
    authenticator.authenticate(secret, "read").catch(() => undefined);
  for (let time = 0; time < 100; time++) await attempt(undefined);
  const revoked = await addToken(store, "rae", { revoked: true });
  for (let time = 0; time < 100; time++) await attempt(revoked);
  expect((await refusals(store)).map(([name]) => name)).toEqual(["nobody", "nobody", "nobody", "rae", "rae"]);

  clock.advance(1_000);
  await attempt(undefined);

  expect((await refusals(store)).at(-1)).toEqual([
    "nobody",
    "no token was presented (98 refusals before it were not written)",
  ]);
});
