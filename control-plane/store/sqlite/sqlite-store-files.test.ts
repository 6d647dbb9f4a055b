import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";

import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { clusterIn, domainNamed, person } from "../../../test/support/catalogue-records.ts";
import { makeHistory } from "../../../test/support/store-history-steps.ts";
import { expectHistory } from "../../../test/support/store-history.ts";
import { TemporaryFolder } from "../../../test/support/temporary-folder.ts";
import { openStore } from "../open-store.ts";
import { RECORD_TABLES } from "../record-tables.ts";
import { restoreStore } from "../restore-store.ts";

const dana = person("dana");
const clock = new ManualClock();

/** A store with `changes` changes, closed. */
async function filled(folder: string, changes: number): Promise<void> {
  await using store = await openStore(folder, clock);
  for (let change = 0; change < changes; change++) await makeHistory(store);
}

/** Past the store. */
function alter(path: string, statement: string): void {
  using database = new DatabaseSync(path);
  database.exec(statement);
}

test("audit cannot be changed or deleted, even past the store", async () => {
  await using folder = await TemporaryFolder.create();
  await filled(folder.path, 1);
  using database = new DatabaseSync(folder.join("store.sqlite"));

  for (const statement of [
    "update audit_events set actor = 'nobody'",
    "delete from audit_events",
    "update audit_changes set after = null",
    "delete from audit_changes",
  ])
    expect(() => database.exec(statement)).toThrow("audit is append-only");
});

test("every reference that the store declares is a foreign key, and every table is strict", async () => {
  await using folder = await TemporaryFolder.create();
  await filled(folder.path, 0);
  using database = new DatabaseSync(folder.join("store.sqlite"));
  const tables = database.prepare("pragma table_list").all();
  const own = tables.filter(({ name }) => !/^(sqlite|kysely)_/.test(String(name)));
  expect(own.filter(({ strict }) => strict !== 1)).toEqual([]);

  const declared = Object.values(RECORD_TABLES).flatMap(({ kind, references, links }) => [
    ...references.map(({ columns, to }) => [kind, ...columns, to].join(" ")),
    ...(links?.references ?? []).map(({ columns, to }) => [links?.table, ...columns, to].join(" ")),
  ]);
  const enforced = own.flatMap(({ name }) => {
    const rows = database.prepare(`pragma foreign_key_list(${String(name)})`).all();
    return [...Map.groupBy(rows, ({ id }) => id).values()].map((keys) =>
      [name, ...keys.map(({ from }) => from), keys[0]?.table].join(" "),
    );
  });
  expect(enforced).toEqual(expect.arrayContaining(declared));
});

test("nobody but its owner can read the store's files", async () => {
  await using folder = await TemporaryFolder.create();
  const path = folder.join("store");
  await using store = await openStore(path, clock);
  await makeHistory(store);

  expect((await stat(path)).mode & 0o777).toBe(0o700);
  const files = (await readdir(path)).filter((each) => each.startsWith("store."));
  const modes = await Promise.all(
    files.map(async (name) => [name, (await stat(folder.join("store", name))).mode]),
  );
  expect(modes.filter(([, mode]) => (Number(mode) & 0o077) !== 0)).toEqual([]);
});

test("a store of a newer release is refused as it is", async () => {
  await using folder = await TemporaryFolder.create();
  await filled(folder.path, 1);
  alter(folder.join("store.sqlite"), "insert into kysely_migration values ('9999-future', '2030-01-01')");
  const before = await readFile(folder.join("store.sqlite"));

  await expect(openStore(folder.path, clock)).rejects.toMatchObject({ code: "unavailable" });
  await expect(openStore(folder.path, clock)).rejects.toThrow(
    "written by a newer release (migration 9999-future)",
  );

  expect(await readFile(folder.join("store.sqlite"))).toEqual(before);
});

test("a file that is no database is named as such", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("store.sqlite", "this is no database, however long it may be".repeat(100));

  await expect(openStore(folder.path, clock)).rejects.toMatchObject({ code: "unavailable" });
});

test("a backup taken while changes go on is one moment of the store", async () => {
  await using folder = await TemporaryFolder.create();
  await using store = await openStore(folder.join("store"), clock);
  const changes = Array.from({ length: 60 }, () => makeHistory(store));
  await changes[5];

  const backup = store.backup(folder.join("backup.sqlite"));
  await Promise.all(changes);
  await backup;

  const tick = await restoreStore(folder.join("backup.sqlite"), folder.join("restored"), clock);
  expect(tick).toBeGreaterThanOrEqual(6);
  await using copy = await openStore(folder.join("restored"), clock);
  expect(await expectHistory(copy)).toBe(tick);
  expect(await expectHistory(store)).toBe(60);
});

test("a restore never takes the place of a store, nor lies down beside the journal of one", async () => {
  await using folder = await TemporaryFolder.create();
  const path = folder.join("store");
  const backup = folder.join("backup.sqlite");
  {
    await using store = await openStore(path, clock);
    await makeHistory(store);
    await store.backup(backup);
    await makeHistory(store);
    await expect(restoreStore(backup, path, clock)).rejects.toThrow(
      `is in use by another process (pid ${process.pid})`,
    );
  }
  await expect(restoreStore(backup, path, clock)).rejects.toMatchObject({ code: "conflict" });
  await rename(folder.join("store", "store.sqlite"), folder.join("old.sqlite"));
  await writeFile(folder.join("store", "store.sqlite-wal"), "of the old one");
  await expect(restoreStore(backup, path, clock)).rejects.toThrow("store.sqlite-wal away");
  await rm(folder.join("store", "store.sqlite-wal"));

  expect(await restoreStore(backup, path, clock)).toBe(1);

  await using store = await openStore(path, clock);
  expect(await expectHistory(store)).toBe(1);
});

test.for([
  ["is not there", async () => undefined],
  ["is empty", async (path: string) => writeFile(path, "")],
  ["is no database", async (path: string) => writeFile(path, "no database".repeat(1_000))],
  [
    "is another database",
    async (path: string) => {
      await writeFile(path, "");
      alter(path, "create table a (b)");
    },
  ],
  [
    "is damaged",
    async (path: string) => {
      const bytes = await readFile(path);
      bytes.fill(0xff, 3 * 4_096, 12 * 4_096);
      await writeFile(path, bytes);
    },
  ],
  [
    "is of a newer release",
    async (path: string) => alter(path, "insert into kysely_migration values ('9999-future', '2030-01-01')"),
  ],
  [
    "has records that refer to nothing",
    async (path: string) => alter(path, "pragma foreign_keys = off; delete from domains where name = 'pay'"),
  ],
] as const)("a backup that %s is refused, and nothing is left of it", async ([name, spoil]) => {
  await using folder = await TemporaryFolder.create();
  const path = folder.join("store");
  {
    await using store = await openStore(path, clock);
    await store.change(dana, "fill", async ({ domains, clusters }) => {
      await domains.insert(domainNamed("pay"));
      await clusters.insert(clusterIn("pay", "demo"));
    });
    if (name !== "is not there") await store.backup(folder.join("backup.sqlite"));
  }
  await spoil(folder.join("backup.sqlite"));

  const restored = restoreStore(folder.join("backup.sqlite"), folder.join("restored"), clock);

  await expect(restored).rejects.toMatchObject({ code: "invalid_input" });
  const left = await readdir(folder.join("restored"));
  expect(left.filter((each) => each.startsWith("store."))).toEqual([]);
});
