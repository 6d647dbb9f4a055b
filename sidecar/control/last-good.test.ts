import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { LastGood, type HeldResources } from "./last-good.ts";

const LOG = createLogger("silent");
const held = (tick: number): HeldResources => ({
  chain: { hash: `h${tick}`, tick, content: { entries: [], note: "ü\n" } },
});

async function written(folder: TemporaryFolder, ticks: number): Promise<void> {
  const store = new LastGood(folder.path, LOG);
  await store.read();
  for (let tick = 1; tick <= ticks; tick++) await store.write(held(tick));
}

test("an empty folder holds nothing", async () => {
  await using folder = await TemporaryFolder.create();
  expect(await new LastGood(folder.path, LOG).read()).toBeUndefined();
});

test("the newest of what was written is read, in this life and the next, and no more than two are kept", async () => {
  await using folder = await TemporaryFolder.create();
  for (const ticks of [1, 2, 3]) {
    await written(folder, ticks);
    expect(await new LastGood(folder.path, LOG).read()).toEqual(held(ticks));
  }
  expect((await readdir(folder.path)).toSorted()).toEqual(["snapshot-a.json", "snapshot-b.json"]);
});

test("a file that somebody wrote, with a checksum that fits, is damaged where it is no JSON", async () => {
  await using folder = await TemporaryFolder.create();
  await written(folder, 2);
  const forged = "no JSON";
  const sum = createHash("sha256").update(forged).digest("hex");
  await writeFile(folder.join("snapshot-b.json"), `${sum}\n${forged}`);

  expect(await new LastGood(folder.path, LOG).read()).toEqual(held(1));
});

test("whatever one damaged byte or a torn end does to the newest, the one before it is read", async () => {
  await using folder = await TemporaryFolder.create();
  await written(folder, 2);
  const path = folder.join("snapshot-b.json");
  const good = await readFile(path);
  const damage = fc.oneof(
    fc.record({ kind: fc.constant("cut" as const), at: fc.nat(good.length - 1) }),
    fc.record({ kind: fc.constant("flip" as const), at: fc.nat(good.length - 1) }),
  );
  await fc.assert(
    fc.asyncProperty(damage, async ({ kind, at }) => {
      const bytes = Buffer.from(kind === "cut" ? good.subarray(0, at) : good);
      if (kind === "flip") bytes[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(path, bytes);
      expect(await new LastGood(folder.path, LOG).read()).toEqual(held(1));
    }),
    { numRuns: 50 },
  );
});

test("after damage the next write goes to the damaged file, never to the good one", async () => {
  await using folder = await TemporaryFolder.create();
  await written(folder, 2);
  await writeFile(folder.join("snapshot-b.json"), "torn");
  const store = new LastGood(folder.path, LOG);
  expect(await store.read()).toEqual(held(1));

  await store.write(held(3));
  await writeFile(folder.join("snapshot-b.json"), "torn again");
  expect(await new LastGood(folder.path, LOG).read()).toEqual(held(1));
});
