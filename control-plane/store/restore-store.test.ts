import { expect, test } from "vitest";

import { systemClock } from "../../core/clock.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { openStore } from "./open-store.ts";
import { restoreStore } from "./restore-store.ts";

const BOOTSTRAP = { kind: "system", name: "bootstrap" } as const;

test("a backup that was made while changes went on is restored with its tick", async () => {
  await using folder = await TemporaryFolder.create();
  const backup = folder.join("backup");
  await using store = await openStore(folder.join("old"), systemClock);
  const insert = (name: string): Promise<unknown> =>
    store.change(BOOTSTRAP, "domain.write", async (change) => {
      await change.domains.insert({ name, description: "", versionApproval: false });
    });
  await insert("before");
  await store.backup(backup);
  await insert("after");

  const tick = await restoreStore(backup, folder.join("new"), systemClock);

  expect(tick).toBe(1);
  await using restored = await openStore(folder.join("new"), systemClock);
  const domains = await restored.read(async (view) => view.domains.list({}, { limit: 10 }));
  expect(domains.items.map(({ name }) => name)).toEqual(["before"]);
});

test("a store that is there is never written over", async () => {
  await using folder = await TemporaryFolder.create();
  await using store = await openStore(folder.join("old"), systemClock);
  await store.backup(folder.join("backup"));
  await (await openStore(folder.join("new"), systemClock))[Symbol.asyncDispose]();

  const restored = restoreStore(folder.join("backup"), folder.join("new"), systemClock);

  await expect(restored).rejects.toMatchObject({ code: "conflict" });
});

test.for([
  ["is not there", undefined],
  ["is no database", "hello"],
  ["is empty", ""],
] as const)("a file that %s is refused, and the folder has no store then", async ([, content]) => {
  await using folder = await TemporaryFolder.create();
  const file = folder.join("backup");
  if (content !== undefined) await folder.write("backup", content);

  const restored = restoreStore(file, folder.join("new"), systemClock);

  await expect(restored).rejects.toMatchObject({ code: "invalid_input" });
  await using store = await openStore(folder.join("new"), systemClock);
  expect(await store.read(async (view) => view.tick)).toBe(0);
});
