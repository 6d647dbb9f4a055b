import { mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { contextFile, pickContext, readContexts, writeContexts } from "./context-file.ts";

const DEV = { server: "http://127.0.0.1:7400", token: "sluice_a", cluster: "demo" };

test("what was written is read, by its owner only", async () => {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "a", "contexts.yaml");

  await writeContexts(path, { current: "dev", contexts: { dev: DEV } });

  expect(await readContexts(path)).toEqual({ current: "dev", contexts: { dev: DEV } });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("a file in this folder or one above goes before the user's, and the environment before both", async () => {
  await using folder = await TemporaryFolder.create();
  const below = join(folder.path, "project", "deep");
  await mkdir(join(folder.path, "project", ".sluice"), { recursive: true });
  await mkdir(below);
  const local = join(folder.path, "project", ".sluice", "contexts.yaml");
  const home = { HOME: folder.path };
  const users = join(folder.path, ".config", "sluice", "contexts.yaml");

  expect(await contextFile(below, home)).toBe(users);
  await writeContexts(local, { current: "dev", contexts: { dev: DEV } });
  expect(await contextFile(below, home)).toBe(local);
  expect(await contextFile(below, { ...home, SLUICE_CONTEXTS: "x.yaml" })).toBe(join(below, "x.yaml"));
});

test("a link to the user's own file, or to a folder of theirs, is nothing that the user has put here", async () => {
  await using folder = await TemporaryFolder.create();
  const home = { HOME: folder.path };
  const users = join(folder.path, ".config", "sluice", "contexts.yaml");
  await writeContexts(users, { current: "dev", contexts: { dev: DEV } });
  const [first, second] = [join(folder.path, "first"), join(folder.path, "second")];
  await mkdir(join(first, ".sluice"), { recursive: true });
  await symlink(users, join(first, ".sluice", "contexts.yaml"));
  await mkdir(second);
  await symlink(join(folder.path, ".config", "sluice"), join(second, ".sluice"));

  expect(await contextFile(first, home)).toBe(users);
  expect(await contextFile(second, home)).toBe(users);
});

test("tokens are not written into a file that waits for them", async () => {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "contexts.yaml");
  const waiting = `${path}.${process.pid}`;
  await writeFile(waiting, "");

  await writeContexts(path, { current: "dev", contexts: { dev: DEV } });

  expect((await stat(waiting)).size).toBe(0);
});

test("a name that there is not gets the nearest one", () => {
  const contexts = { current: "dev", contexts: { dev: DEV, ops: DEV } };

  expect(pickContext("c.yaml", contexts)).toBe(DEV);
  expect(() => pickContext("c.yaml", contexts, "opss")).toThrow(/no context opss.*ops.*there are dev, ops/);
});

test("what is no file of contexts is refused with its key, and a missing one is none", async () => {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "contexts.yaml");

  expect(await readContexts(path)).toBeUndefined();
  await writeFile(path, "current: dev\ncontexts:\n  dev: {server: nowhere}\n");
  await expect(readContexts(path)).rejects.toThrow(
    `${path}: contexts.dev.server: expected an address such as http://127.0.0.1:7400`,
  );
});
