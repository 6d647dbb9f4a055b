import { mkdir, rename, rm, symlink } from "node:fs/promises";

import { expect, test } from "vitest";

import { systemClock, type Clock } from "../../../core/clock.ts";
import { createLogger } from "../../../core/log.ts";
import { ManualClock } from "../../../core/manual-clock.ts";
import { manifestText, pluginZip, scriptText } from "../../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../../test/support/temporary-folder.ts";
import { PackageCache } from "../../../core/packages/package-cache.ts";
import { PackageFolder } from "./package-folder.ts";
import type { PackageChange } from "./package-source.ts";

const log = createLogger("silent");
const IMPORTS_TAG = `import { tag } from "../../../shared/tag.ts";\nexport default { execute: () => tag };`;

/** A plugin folder that is watched, and what it has told. */
class Watching implements AsyncDisposable {
  readonly files: TemporaryFolder;
  readonly folder: PackageFolder;
  readonly changes: PackageChange[] = [];
  #heard = Promise.withResolvers<void>();

  private constructor(files: TemporaryFolder, clock: Clock) {
    this.files = files;
    const cache = new PackageCache(files.join("cache"));
    this.folder = new PackageFolder({ directories: [files.join("plugins")], cache, clock, log });
    this.folder.onChange((changes) => {
      this.changes.push(...changes);
      this.#heard.resolve();
      this.#heard = Promise.withResolvers<void>();
    });
  }

  static async create(clock: Clock = systemClock): Promise<Watching> {
    const files = await TemporaryFolder.create();
    await mkdir(files.join("plugins"));
    return new Watching(files, clock);
  }

  /** Waits until this many changes were told; returns what the last one was. */
  async told(count: number): Promise<PackageChange | undefined> {
    while (this.changes.length < count) await this.#heard.promise;
    return this.changes[count - 1];
  }

  /** A zip copied as careful tools do it: whole at once. */
  async put(name: string, zip: Buffer): Promise<void> {
    await rename(await this.files.write("staging", zip), this.files.join("plugins", name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
    await this.files[Symbol.asyncDispose]();
  }
}

test("a folder that is not there is told by its path, and read when it comes", async () => {
  await using files = await TemporaryFolder.create();
  const lines: string[] = [];
  await using folder = new PackageFolder({
    directories: [files.join("missing")],
    cache: new PackageCache(files.join("cache")),
    clock: systemClock,
    log: createLogger("warn", { write: (line) => void lines.push(line) }),
  });
  await folder.start();
  expect(lines).toEqual([expect.stringContaining(`"path":"${files.join("missing")}"`)]);

  const come = new Promise<readonly PackageChange[]>((resolve) => folder.onChange(resolve));
  await files.write("missing/tagger.zip", pluginZip());

  expect(await come).toMatchObject([{ name: "tagger" }]);
});

test("what lies in the folder is there once it has started", async () => {
  await using watching = await Watching.create();
  await watching.put("tagger.zip", pluginZip());
  await watching.files.write("plugins/guard/plugin.yaml", manifestText({ name: "guard" }));
  await watching.files.write("plugins/guard/bin/plugin.js", scriptText());
  await watching.files.write("plugins/notes.txt", "no plugin");
  await mkdir(watching.files.join("plugins/empty"));

  await watching.folder.start();

  expect(watching.folder.current().map(({ manifest }) => manifest.name)).toEqual(["guard", "tagger"]);
  expect(watching.folder.rejections()).toEqual([]);
});

test("a zip that is copied in is available within a second", async () => {
  await using watching = await Watching.create();
  await watching.folder.start();
  const begun = performance.now();

  await watching.put("tagger.zip", pluginZip());

  expect(await watching.told(1)).toMatchObject({ kind: "available", name: "tagger" });
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test("an edit of a plugin's TypeScript gives a new bundle", async () => {
  await using watching = await Watching.create();
  await watching.files.write("plugins/tagger/plugin.yaml", manifestText());
  const source = (tag: string): string => `export default { execute: (): string => "${tag}" };`;
  await watching.files.write("plugins/tagger/src/plugin.ts", source("gray"));
  await watching.folder.start();
  const before = watching.folder.find("tagger");

  await watching.files.write("plugins/tagger/src/plugin.ts", source("blue"));
  await watching.told(2);

  expect(before?.source).toContain("gray");
  expect(watching.folder.find("tagger")?.source).toContain("blue");
  expect(watching.folder.find("tagger")?.digest).not.toBe(before?.digest);
});

test("an edit of what a plugin's TypeScript imports from elsewhere gives a new bundle", async () => {
  await using watching = await Watching.create();
  const shared = (tag: string): Promise<string> =>
    watching.files.write("shared/tag.ts", `export const tag = "${tag}";`);
  await shared("gray");
  await watching.files.write("plugins/tagger/plugin.yaml", manifestText());
  await watching.files.write("plugins/tagger/src/plugin.ts", IMPORTS_TAG);
  await watching.folder.start();

  await shared("blue");
  await watching.told(2);

  expect(watching.folder.find("tagger")?.source).toContain("blue");
});

test("an import of a file that is not there yet is mended by the file", async () => {
  const clock = new ManualClock();
  await using watching = await Watching.create(clock);
  await watching.files.write("plugins/tagger/plugin.yaml", manifestText());
  await watching.files.write("plugins/tagger/src/plugin.ts", IMPORTS_TAG);
  await watching.folder.start();
  const before = watching.folder.rejections();

  await watching.files.write("shared/tag.ts", `export const tag = "blue";`);
  for (let waited = 0; waited < 6_000; waited += 500) {
    clock.advance(500);
    await watching.folder.idle();
  }

  expect(before).toMatchObject([{ problems: [{ message: `Could not resolve "../../../shared/tag.ts"` }] }]);
  expect(watching.folder.find("tagger")?.source).toContain("blue");
  expect(watching.folder.rejections()).toEqual([]);
});

test("an imported file with a syntax error is mended where it lies", async () => {
  await using watching = await Watching.create();
  await watching.files.write("shared/tag.ts", `export const tag = ;`);
  await watching.files.write("plugins/tagger/plugin.yaml", manifestText());
  await watching.files.write("plugins/tagger/src/plugin.ts", IMPORTS_TAG);
  await watching.folder.start();
  const before = watching.folder.rejections();

  await watching.files.write("shared/tag.ts", `export const tag = "blue";`);
  await watching.told(2);

  expect(before).toMatchObject([{ problems: [{ message: `Unexpected ";"` }] }]);
  expect(watching.folder.find("tagger")?.source).toContain("blue");
  expect(watching.folder.rejections()).toEqual([]);
});

test("a file that grows is read when it has been still for 100 ms, not before", async () => {
  const clock = new ManualClock();
  await using watching = await Watching.create(clock);
  await watching.folder.start();
  const zip = pluginZip();
  const look = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    await watching.folder.idle();
  };

  await watching.files.write("plugins/tagger.zip", zip.subarray(0, 100));
  await look(5_000);
  await look(90);
  await watching.files.write("plugins/tagger.zip", zip);
  await look(90);
  await look(90);
  expect(watching.changes).toEqual([]);
  await look(20);

  expect(watching.changes).toMatchObject([{ kind: "available", name: "tagger" }]);
});

test("a torn zip is a copy under way for a second and a rejection after it", async () => {
  const clock = new ManualClock();
  await using watching = await Watching.create(clock);
  await watching.folder.start();
  const look = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    await watching.folder.idle();
  };

  await watching.files.write("plugins/tagger.zip", pluginZip().subarray(0, 300));
  await look(5_000);
  for (let waited = 0; waited < 900; waited += 100) await look(100);
  const early = [...watching.changes];
  for (let waited = 0; waited < 300; waited += 100) await look(100);

  expect(early).toEqual([]);
  expect(watching.changes).toMatchObject([{ kind: "rejected", name: "tagger" }]);
  expect(watching.folder.rejections()[0]?.problems[0]?.message).toMatch(/cannot be read as a zip/);
});

test("a torn zip that is completed in time is never a rejection", async () => {
  await using watching = await Watching.create();
  await watching.folder.start();

  await watching.files.write("plugins/tagger.zip", pluginZip().subarray(0, 300));
  await systemClockTick(300);
  await watching.files.write("plugins/tagger.zip", pluginZip());
  await watching.told(1);

  expect(watching.changes).toMatchObject([{ kind: "available" }]);
});

test("a bad package leaves the last good one in place, and says why; the next good one ends it", async () => {
  await using watching = await Watching.create();
  await watching.put("tagger.zip", pluginZip());
  await watching.folder.start();

  await watching.put("tagger.zip", pluginZip({ failurePolicy: "ajar" }));
  const rejected = await watching.told(2);
  const kept = watching.folder.find("tagger");
  await watching.put("tagger.zip", pluginZip({ failurePolicy: "closed" }));
  await watching.told(3);

  expect(rejected).toMatchObject({
    kind: "rejected",
    name: "tagger",
    rejection: { problems: [{ key: "failurePolicy" }] },
  });
  expect(kept?.manifest.failurePolicy).toBe("open");
  expect(watching.folder.find("tagger")?.manifest.failurePolicy).toBe("closed");
  expect(watching.folder.rejections()).toEqual([]);
});

test("several versions live side by side; without a version the highest is found", async () => {
  await using watching = await Watching.create();
  for (const version of ["1.2.0", "1.10.0", "1.9.0"])
    await watching.put(`tagger-${version}.zip`, pluginZip({ version }, [], `tagger-${version}`));

  await watching.folder.start();

  expect(watching.folder.find("tagger")?.manifest.version).toBe("1.10.0");
  expect(watching.folder.find("tagger", "1.2.0")?.manifest.version).toBe("1.2.0");
  expect(watching.folder.find("tagger", "3.0.0")).toBeUndefined();
  expect(watching.folder.find("guard")).toBeUndefined();
});

test("a package that is replaced by remove and copy never goes away; one that is removed does", async () => {
  const clock = new ManualClock();
  await using watching = await Watching.create(clock);
  await watching.put("tagger.zip", pluginZip());
  await watching.folder.start();
  const look = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    await watching.folder.idle();
  };

  await rm(watching.files.join("plugins/tagger.zip"));
  await look(5_000);
  await look(900);
  const during = watching.folder.find("tagger");
  await watching.put("tagger.zip", pluginZip({ timeout: "70ms" }));
  for (let waited = 0; waited < 400; waited += 100) await look(100);
  const replaced = watching.folder.find("tagger");
  await rm(watching.files.join("plugins/tagger.zip"));
  for (let waited = 0; waited < 7_000; waited += 500) await look(500);

  expect(during?.manifest.timeout).toBe(50);
  expect(replaced?.manifest.timeout).toBe(70);
  expect(watching.folder.find("tagger")).toBeUndefined();
  expect(watching.changes.map(({ kind }) => kind)).toEqual(["available", "available", "removed"]);
});

test("a zip under a name that is not the plugin's is refused", async () => {
  await using watching = await Watching.create();
  await watching.put("guard-1.0.0.zip", pluginZip());

  await watching.folder.start();

  expect(watching.folder.rejections()).toMatchObject([
    {
      name: "guard",
      problems: [{ message: "says that the zip must be called tagger.zip or tagger-1.0.0.zip" }],
    },
  ]);
});

test("a link that leads out of the folder is refused, one within it (a mounted volume) is followed", async () => {
  await using watching = await Watching.create();
  await watching.files.write("elsewhere/guard.zip", pluginZip({ name: "guard" }, [], "guard"));
  await watching.files.write("plugins/..data/tagger.zip", pluginZip());
  await symlink(watching.files.join("elsewhere/guard.zip"), watching.files.join("plugins/guard.zip"));
  await symlink("..data/tagger.zip", watching.files.join("plugins/tagger.zip"));

  await watching.folder.start();

  expect(watching.folder.current().map(({ manifest }) => manifest.name)).toEqual(["tagger"]);
  expect(watching.folder.rejections()).toMatchObject([
    { name: "guard", problems: [{ message: "is a link that leads out of the plugin folder" }] },
  ]);
});

test("a change that no event tells of, as in a mounted volume, is found all the same", async () => {
  const clock = new ManualClock();
  await using watching = await Watching.create(clock);
  await watching.files.write("plugins/..data/tagger.zip", pluginZip());
  await symlink("..data/tagger.zip", watching.files.join("plugins/tagger.zip"));
  await watching.folder.start();

  await watching.files.write("plugins/..data/tagger.zip", pluginZip({ timeout: "70ms" }));
  for (let waited = 0; waited < 6_000; waited += 500) {
    clock.advance(500);
    await watching.folder.idle();
  }

  expect(watching.folder.find("tagger")?.manifest.timeout).toBe(70);
});

test("a folder that does not exist yet holds nothing and is watched all the same", async () => {
  await using watching = await Watching.create();
  await rm(watching.files.join("plugins"), { recursive: true });
  await watching.folder.start();

  await watching.files.write("plugins/tagger/plugin.yaml", manifestText());
  await watching.files.write("plugins/tagger/bin/plugin.js", scriptText());

  expect(await watching.told(1)).toMatchObject({ kind: "available", name: "tagger" });
});

test("nothing is left when it is disposed of", async () => {
  const clock = new ManualClock();
  {
    await using watching = await Watching.create(clock);
    await watching.put("tagger.zip", pluginZip().subarray(0, 99));
    await watching.folder.start();
    expect(clock.pending).toBeGreaterThan(0);
  }

  expect(clock.pending).toBe(0);
});

test("nothing is told after it was disposed of, of what was being read then either", async () => {
  await using files = await TemporaryFolder.create();
  await files.write("plugins/tagger.zip", pluginZip());
  const reading = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  class HeldCache extends PackageCache {
    override async add(...zip: Parameters<PackageCache["add"]>): ReturnType<PackageCache["add"]> {
      reading.resolve();
      await held.promise;
      return super.add(...zip);
    }
  }
  const clock = new ManualClock();
  const told: unknown[] = [];
  const folder = new PackageFolder({
    directories: [files.join("plugins")],
    cache: new HeldCache(files.join("cache")),
    clock,
    log: createLogger("error", { write: (line) => void told.push(line) }),
  });
  folder.onChange((changes) => told.push(...changes));
  const started = folder.start();
  await reading.promise;

  const disposed = folder[Symbol.asyncDispose]();
  held.resolve();
  await Promise.all([started, disposed]);

  expect(told).toEqual([]);
  expect(clock.pending).toBe(0);
});

async function systemClockTick(milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  systemClock.after(milliseconds, resolve);
  await promise;
}
