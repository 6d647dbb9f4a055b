import { readdir, readFile, stat } from "node:fs/promises";

import { expect, test } from "vitest";

import { openedStore } from "../../test/support/opened-store.ts";
import { bootstrapToken } from "./bootstrap-token.ts";
import { newSecret } from "./new-secret.ts";
import { RefusalLog } from "./refusal-log.ts";
import { TokenAuthenticator } from "./token-authenticator.ts";

test("an empty store gets an admin's token, whose secret only its owner can read", async () => {
  await using opened = await openedStore();
  const { store, clock, folder } = opened;

  const path = (await bootstrapToken(store, clock, folder.path, undefined)) ?? "";

  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const secret = (await readFile(path, "utf8")).trim();
  using authenticator = new TokenAuthenticator(store, clock, new RefusalLog(store, clock));
  expect(await authenticator.authenticate(secret, "token.write")).toMatchObject({
    name: "admin",
    grants: [{ role: "admin", scope: { kind: "all" } }],
  });
});

test("a store that has a token gets none", async () => {
  await using opened = await openedStore();
  const { store, clock, folder } = opened;
  await bootstrapToken(store, clock, folder.path, undefined);
  const before = await readFile(folder.join("admin.token"), "utf8");

  expect(await bootstrapToken(store, clock, folder.path, undefined)).toBeUndefined();

  expect(await readFile(folder.join("admin.token"), "utf8")).toBe(before);
  expect(await store.read(async ({ tick }) => tick)).toBe(1);
});

test("a secret that was given is taken and written nowhere; a short one is refused", async () => {
  await using opened = await openedStore();
  const { store, clock, folder } = opened;
  const short = bootstrapToken(store, clock, folder.path, "short");
  await expect(short).rejects.toMatchObject({ code: "invalid_input" });

  const secret = newSecret();
  expect(await bootstrapToken(store, clock, folder.path, secret)).toBeUndefined();

  expect(await readdir(folder.path)).toEqual(["store"]);
  using authenticator = new TokenAuthenticator(store, clock, new RefusalLog(store, clock));
  expect(await authenticator.authenticate(secret, "read")).toMatchObject({ name: "admin" });
});
