import { createHash } from "node:crypto";

import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { PackageCache } from "../../core/packages/package-cache.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { CheckedPackages } from "./checked-packages.ts";
import { ReleasedPackages } from "./released-packages.ts";
import type { WantedPackage } from "./resource.ts";
import { Stage } from "./stage.ts";
import { InvalidPackage } from "./staged-package.ts";

const ZIP = pluginZip();
const OTHER = pluginZip({ version: "2.0.0" });
const LOADED_NONE = new Map<string, unknown>();

function wantedOf(version: string, zip: Buffer, config?: unknown): WantedPackage {
  const digest = createHash("sha256").update(zip).digest("hex");
  return { plugin: "tagger", version, digest, size: zip.length, config };
}

const WANTED = wantedOf("1.0.0", ZIP);

/** One life of a node's stage; `check` is what trying to load a package comes to. */
function live(folder: TemporaryFolder, check: () => Promise<void>, sluice = "1.0.0") {
  const wake = new EventTarget();
  const told: string[] = [];
  const released = new ReleasedPackages();
  let checks = 0;
  const stage = new Stage({
    cache: new PackageCache(folder.join("packages")),
    checked: new CheckedPackages(folder.join("checked"), sluice),
    released,
    download: async ({ digest }) => [ZIP, OTHER].find((zip) => wantedOf("", zip).digest === digest)!,
    downloaded: async () => {},
    check: () => {
      checks++;
      wake.dispatchEvent(new Event("change"));
      return check();
    },
    clock: new ManualClock(),
    log: createLogger("silent"),
    onStatus: ({ wanted, status }) => {
      told.push(`${wanted.version} ${status.state}`);
      wake.dispatchEvent(new Event("change"));
    },
    onDeleted: () => {},
  });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => wake.addEventListener("change", resolve, { once: true }));
  };
  return {
    stage,
    released,
    told,
    checks: () => checks,
    checking: () => until(() => checks > 0),
    settled: () => until(() => stage.packages.every(({ status }) => status.state !== "FETCHING")),
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

const good = async (): Promise<void> => {};
const bad = (): Promise<void> => Promise.reject(new InvalidPackage("boom at load"));

/** A life that wants the package and comes to an end when it knows how it stands. */
async function spend(folder: TemporaryFolder, check: () => Promise<void>, wanted = WANTED): Promise<void> {
  await using life = live(folder, check);
  life.stage.want([wanted], []);
  await life.settled();
}

test("what was found loadable is so in the next life at once, and is not checked again", async () => {
  await using folder = await TemporaryFolder.create();
  await spend(folder, good);
  await using next = live(folder, bad);
  await next.stage.restore([WANTED], LOADED_NONE);
  expect(next.told).toEqual(["1.0.0 LOADABLE"]);
  expect(next.checks()).toBe(0);
});

test("what could not be loaded is never called loadable by the next life, which checks it again", async () => {
  await using folder = await TemporaryFolder.create();
  await spend(folder, bad);
  await using next = live(folder, bad);
  await next.stage.restore([WANTED], LOADED_NONE);
  await next.settled();
  expect(next.told).toEqual(["1.0.0 FETCHING", "1.0.0 INVALID"]);
  expect(next.released.current()).toEqual([]);
});

test("a package whose check did not end in one life is called loadable only after that of the next", async () => {
  await using folder = await TemporaryFolder.create();
  const never = Promise.withResolvers<void>();
  const killed = live(folder, () => never.promise);
  killed.stage.want([WANTED], []);
  await killed.checking();

  await using next = live(folder, good);
  await next.stage.restore([WANTED], LOADED_NONE);
  expect(next.told).toEqual(["1.0.0 FETCHING"]);
  await next.settled();
  expect(next.told).toEqual(["1.0.0 FETCHING", "1.0.0 LOADABLE"]);

  never.reject(new InvalidPackage("killed"));
  await killed[Symbol.asyncDispose]();
});

test.for([
  ["with another config", wantedOf("1.0.0", ZIP, { level: 2 }), "1.0.0"],
  ["by another release of Sluice", WANTED, "1.1.0"],
] as const)("what was found loadable %s is checked", async ([, wanted, sluice]) => {
  await using folder = await TemporaryFolder.create();
  await spend(folder, good);
  await using next = live(folder, bad, sluice);
  await next.stage.restore([wanted], LOADED_NONE);
  await next.settled();
  expect(next.told).toEqual(["1.0.0 FETCHING", "1.0.0 INVALID"]);
});

test("what the last good chain had loaded is there at once, whatever is known of it", async () => {
  await using folder = await TemporaryFolder.create();
  await spend(folder, bad);
  const loaded = new Map<string, unknown>([["tagger@1.0.0", undefined]]);
  await using same = live(folder, bad);
  await same.stage.restore([WANTED], loaded);
  expect(same.told).toEqual(["1.0.0 LOADABLE"]);

  // It runs with the config that it had; with the one that is staged it was never seen.
  await using other = live(folder, bad);
  await other.stage.restore([wantedOf("1.0.0", ZIP, { level: 2 })], loaded);
  expect(other.released.find("tagger", "1.0.0")?.digest).toBe(WANTED.digest);
  expect(other.told).toEqual(["1.0.0 FETCHING"]);
});

test("another stage with a package that cannot be loaded does not run it again, retry of that one does", async () => {
  await using folder = await TemporaryFolder.create();
  await using life = live(folder, bad);
  life.stage.want([WANTED], []);
  await life.settled();
  const other = wantedOf("2.0.0", OTHER);
  life.stage.want([WANTED, other], []);
  await life.settled();
  expect(life.checks()).toBe(2);
  expect(life.told.filter((each) => each.startsWith("1.0.0"))).toEqual(["1.0.0 FETCHING", "1.0.0 INVALID"]);

  life.stage.want([WANTED, other], [WANTED.digest]);
  await life.settled();
  expect(life.checks()).toBe(3);
});

test("a package that is deleted leaves no word of it behind", async () => {
  await using folder = await TemporaryFolder.create();
  const checked = new CheckedPackages(folder.join("checked"), "1.0.0");
  {
    await using life = live(folder, good);
    life.stage.want([WANTED], []);
    await life.settled();
    expect(await checked.has(WANTED)).toBe(true);
    life.stage.want([], []);
    life.stage.collect(new Set());
  }
  expect(await checked.has(WANTED)).toBe(false);
});
