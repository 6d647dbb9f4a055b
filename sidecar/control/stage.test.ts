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
  const stage = stack.use(
    new Stage({
      cache,
      checked: new CheckedPackages(folder.join("checked"), "1.0.0"),
      released,
      download: async ({ digest }) => zips.get(digest) ?? Buffer.alloc(0),
      downloaded: async () => {},
      check: async () => {},
      clock: new ManualClock(),
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
  return { cache, released, stage, settled, [Symbol.asyncDispose]: () => stack.disposeAsync() };
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
