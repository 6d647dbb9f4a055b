import { createHash } from "node:crypto";
import { mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { restore } from "../../../control-plane/restore.ts";
import type { ApiClient } from "../../../control-plane/api/contract/client.ts";
import { allPages } from "../../../cli/all-pages.ts";
import { systemClock } from "../../../core/clock.ts";
import { calledCommand, type CalledCommand } from "../../support/called-command.ts";
import {
  chainAsk,
  changesOf,
  tokenAsk,
  uploadAsk,
  type AnsweredChange,
  type Ask,
} from "../../support/changing-clients.ts";
import { TestControlPlane } from "../../support/control-plane.ts";
import { TemporaryFolder } from "../../support/temporary-folder.ts";

const TIMEOUT = 120_000;
const WRITERS = 20;
const SETTINGS = { uploads: WRITERS };
const CHANGES = 12;

/** Two in chains, and one for each who uploads. */
const PLUGINS = ["tagger", "guard", ...Array.from({ length: WRITERS / 4 }, (_, index) => `up-${index}`)];

async function prepared(folder: TemporaryFolder): Promise<TestControlPlane> {
  const plane = await (await TestControlPlane.start({ folder, settings: SETTINGS })).withClusters();
  for (const plugin of PLUGINS) {
    const body = { name: plugin, domain: "shop", description: "", owners: ["admin"] };
    await plane.admin.call("putPlugin", { params: { plugin }, body });
  }
  return plane;
}

/** Twenty of four kinds, which make records, change them, and upload. */
function writers({ admin }: TestControlPlane): readonly Ask[] {
  return Array.from({ length: WRITERS }, (_, index): Ask => {
    const plugin = index % 2 === 0 ? "tagger" : "guard";
    if (index % 4 === 0) return uploadAsk(admin, `up-${index / 4}`);
    if (index % 4 === 1) return tokenAsk(admin);
    return chainAsk(admin, index % 4 === 2 ? "demo" : "other", plugin, index % 3 === 0 ? "mode" : "tag");
  });
}

const backUp = ({ baseUrl, adminSecret, folder }: TestControlPlane, file: string): Promise<CalledCommand> =>
  calledCommand(
    { server: baseUrl, token: adminSecret, directory: folder.path },
    "control-plane",
    "backup",
    file,
  );

const bring = (folder: TemporaryFolder, to: string): ReturnType<typeof restore> =>
  restore(folder.join("backup"), folder.join(to), { clock: systemClock, incomplete: false });

const auditOf = (client: ApiClient): Promise<readonly { readonly tick: number; readonly id: number }[]> =>
  allPages((cursor) => client.call("listAudit", { query: { cursor, limit: 1_000 } }));

async function versionsOf(client: ApiClient): Promise<readonly { readonly digest: string }[]> {
  const versions: { readonly digest: string }[] = [];
  for (const plugin of PLUGINS)
    versions.push(
      ...(await allPages((cursor) => client.call("listVersions", { params: { plugin }, query: { cursor } }))),
    );
  return versions;
}

async function sha256(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of bytes) hash.update(piece);
  return hash.digest("hex");
}

test(
  "a backup taken while twenty people write is one moment: all of it is there, audit and packages too",
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await TemporaryFolder.create());
    const plane = stack.use(await prepared(folder));
    const before: AnsweredChange[] = [];
    const begun = Promise.withResolvers<void>();
    const noting =
      (ask: Ask): Ask =>
      async (count) => {
        const change = await ask(count);
        if (change !== undefined) before.push({ actor: "admin", ...change });
        const uploaded = before.some(({ record }) => record?.startsWith("versions") === true);
        if (uploaded && before.length >= 2 * WRITERS) begun.resolve();
        return change;
      };
    const writing = Promise.all(
      writers(plane).map((ask) => changesOf({ actor: "admin", ask: noting(ask) }, CHANGES)),
    );
    await Promise.race([begun.promise, writing]);
    const known = [...before];

    const made = await backUp(plane, "backup");

    expect(made).toMatchObject({ code: 0, stderr: "" });
    await writing;
    const original = await auditOf(plane.admin);
    const { tick } = await bring(folder, "restored");
    expect(Math.max(...original.map((event) => event.tick))).toBeGreaterThan(tick);
    const again = stack.use(
      await TestControlPlane.start({ folder, settings: { folder: folder.join("restored") } }),
    );

    const events = await auditOf(again.admin);
    const ticks = events.map((event) => event.tick);
    // Beginning with those of the store itself: each tick once, and none left out.
    expect([...new Set(ticks)]).toEqual(Array.from({ length: tick }, (_, index) => index + 1));
    const restored = new Map(events.map((event) => [event.id, event]));
    for (const event of original.filter((each) => each.tick <= tick && restored.has(each.id)))
      expect(restored.get(event.id)).toEqual(event);
    expect(known.filter((change) => change.tick > tick)).toEqual([]);
    const versions = await versionsOf(again.admin);
    expect(versions.length).toBeGreaterThan(0);
    for (const { digest } of versions)
      expect(await sha256(await again.admin.bytes("getArtifact", { params: { digest } }))).toBe(digest);
    // And it goes on from there.
    const demo = { params: { cluster: "demo", plugin: "tagger" }, body: { tag: "after" } };
    expect((await again.admin.call("putChainEntry", demo)).revision).toBe(tick + 1);
  },
  TIMEOUT,
);

test("a restore over a control plane that runs is refused, and one over a store that is there", async () => {
  await using folder = await TemporaryFolder.create();
  const plane = await prepared(folder);
  await backUp(plane, "backup");

  await expect(bring(folder, "control-plane")).rejects.toThrow(/in use by another process \(pid \d+\)/);
  await plane[Symbol.asyncDispose]();
  await expect(bring(folder, "control-plane")).rejects.toThrow(
    /control-plane has a store: move .* away, or choose another folder/,
  );
});

test.for([
  ["that was cut off", (file: string): Promise<void> => truncate(file, 20_000)],
  ["of no bytes", (file: string): Promise<void> => truncate(file, 0)],
  ["of something else", (file: string): Promise<void> => writeFile(file, "PK\u0003\u0004 no backup at all")],
  [
    "whose middle is damaged",
    async (file: string): Promise<void> => {
      const bytes = await readFile(file);
      bytes.fill(0xff, 8_192, 16_384);
      await writeFile(file, bytes);
    },
  ],
  [
    "that is a folder",
    async (file: string): Promise<void> => {
      await rm(file);
      await mkdir(file);
    },
  ],
  ["that is not there", (file: string): Promise<void> => rm(file)],
] as const)("a backup %s is refused with what to do, and nothing is a store then", async ([, spoil]) => {
  await using folder = await TemporaryFolder.create();
  const plane = await prepared(folder);
  await backUp(plane, "backup");
  await plane[Symbol.asyncDispose]();
  await spoil(folder.join("backup"));

  const refused: unknown = await bring(folder, "new").catch((thrown: unknown) => thrown);

  expect(refused).toMatchObject({
    code: "invalid_input",
    message: expect.stringMatching(
      /backup cannot be [^]*; take another one that `sluice control-plane backup` made$|there is no .*backup$/,
    ) as string,
  });
  await using again = await TestControlPlane.start({ folder, settings: { folder: folder.join("new") } });
  expect(await again.admin.call("health")).toMatchObject({ status: "ok" });
});
