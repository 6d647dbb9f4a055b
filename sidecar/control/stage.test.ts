import { createHash } from "node:crypto";

import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { PackageCache } from "../../core/packages/package-cache.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { CheckedPackages } from "./checked-packages.ts";
import { ReleasedPackages, versionKey } from "./released-packages.ts";
import type { WantedPackage } from "./resource.ts";
import { Stage } from "./stage.ts";

/** A stage over a real cache; `zips` is what can be downloaded, by digest. */
async function setUp(zips: ReadonlyMap<string, Buffer>) {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await TemporaryFolder.create());
  const cache = new PackageCache(folder.join("packages"));
  const released = new ReleasedPackages();
  const wake = new EventTarget();
  const clock = new ManualClock();
  const stage = stack.use(
    new Stage({
      cache,
      checked: new CheckedPackages(folder.join("checked"), "1.0.0"),
      released,
      download: async ({ digest }) => zips.get(digest) ?? Buffer.alloc(0),
      downloaded: async () => {},
      check: async () => {},
      clock,
      log: createLogger("silent"),
      onStatus: () => void wake.dispatchEvent(new Event("status")),
      onDeleted: () => {},
    }),
  );
  /** Resolves when no package is being fetched any more; each as `VERSION STATE`. */
  const settled = async (): Promise<readonly string[]> => {
    while (stage.packages.some(({ status }) => status.state === "FETCHING"))
      await new Promise((resolve) => wake.addEventListener("status", resolve, { once: true }));
    return stage.packages.map(({ wanted, status }) => `${wanted.version} ${status.state}`);
  };
  return { cache, clock, released, stage, settled, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function wantedOf(version: string, zip: Buffer): WantedPackage {
  const digest = createHash("sha256").update(zip).digest("hex");
  return { plugin: "tagger", version, digest, size: zip.length };
}

test("Pallas: a version is enabled by deleting the one before, so that one that cannot be unpacked leaves none", async () => {
  const good = pluginZip();
  const torn = pluginZip({ version: "2.0.0" }).subarray(0, -30);
  const before = wantedOf("1.0.0", good);
  const next = wantedOf("2.0.0", torn);
  await using node = await setUp(
    new Map([
      [before.digest, good],
      [next.digest, torn],
    ]),
  );
  node.stage.want([before], []);
  expect(await node.settled()).toEqual(["1.0.0 LOADABLE"]);

  node.stage.want([next], []);
  expect(await node.settled()).toEqual(["2.0.0 INVALID"]);
  node.stage.collect(new Set([versionKey("tagger", "1.0.0")]));

  expect(node.released.find("tagger", "1.0.0")?.digest).toBe(before.digest);
  expect(await node.cache.open("control plane", before.digest)).toMatchObject({ digest: before.digest });
  expect(await node.cache.digests()).toEqual([before.digest]);
});

test("a package that is here under another version is none of this version, whatever its digest", async () => {
  const zip = pluginZip();
  const known = wantedOf("1.0.0", zip);
  await using node = await setUp(new Map([[known.digest, zip]]));
  node.stage.want([known], []);
  await node.settled();

  node.stage.want([known, { ...known, version: "2.0.0" }], []);

  expect(await node.settled()).toEqual(["1.0.0 LOADABLE", "2.0.0 INVALID"]);
});

test("another content under the same version takes the place of the one before, whose files go", async () => {
  const [first, second] = [pluginZip(), pluginZip({ timeout: "20ms" })];
  const [before, after] = [wantedOf("1.0.0", first), wantedOf("1.0.0", second)];
  await using node = await setUp(
    new Map([
      [before.digest, first],
      [after.digest, second],
    ]),
  );
  node.stage.want([before], []);
  await node.settled();

  node.stage.want([after], []);

  expect(await node.settled()).toEqual(["1.0.0 LOADABLE"]);
  expect(node.released.find("tagger", "1.0.0")).toMatchObject({
    digest: after.digest,
    manifest: { timeout: 20 },
  });

  node.stage.collect(new Set());
  await node.stage[Symbol.asyncDispose]();
  expect(await node.cache.digests()).toEqual([after.digest]);
});

test("files of a process plugin that are about to be deleted stay where it is wanted again", async () => {
  const start = { name: "tagger/bin/start.sh", content: "#!/bin/sh\n", mode: 0o100755 };
  const zip = pluginZip({ runtime: "process" }, [start]);
  const wanted = wantedOf("1.0.0", zip);
  await using node = await setUp(new Map([[wanted.digest, zip]]));
  node.stage.want([wanted], []);
  expect(await node.settled()).toEqual(["1.0.0 LOADABLE"]);
  node.stage.want([], []);
  node.stage.collect(new Set());
  node.stage.want([wanted], []);
  await node.settled();

  node.clock.advance(60_000);
  await node.stage[Symbol.asyncDispose]();

  expect(await node.cache.digests()).toEqual([wanted.digest]);
});
