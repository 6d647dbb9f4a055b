import { lstat, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { InputError, type MeshError } from "../errors.ts";
import { pluginZip, rawZip, type RawEntry } from "../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "./archive-limits.ts";
import { CACHE_BOUNDS, PackageCache, type ExpectedPackage } from "./package-cache.ts";
import { PackageCacheError, TornArchiveError } from "./package-errors.ts";

const LIMITS = {
  ...DEFAULT_ARCHIVE_LIMITS,
  archive: 200_000,
  entry: 50_000_000,
  total: 60_000_000,
  entries: 20,
};

/** What the cache says of a zip that it refuses, as one text; fails when it takes it or leaves something behind. */
async function refusalOf(zip: Buffer, expected?: ExpectedPackage): Promise<string> {
  await using folder = await TemporaryFolder.create();
  const cache = new PackageCache(folder.join("cache"), LIMITS);
  const error = await cache.add("tagger.zip", zip, expected).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InputError);
  expect(await readdir(folder.join("cache")).catch(() => [])).toEqual([]);
  expect(await readdir(folder.path)).toEqual(
    (await stat(folder.join("cache")).catch(() => undefined)) ? ["cache"] : [],
  );
  return (error as InputError).message;
}

/** The digests that lie in a cache, sorted. */
async function packagesIn(cache: string): Promise<readonly string[]> {
  return (await readdir(cache)).filter((name) => !name.startsWith(".")).sort();
}

test("a zip is unpacked under its digest and read", async () => {
  await using folder = await TemporaryFolder.create();
  const cache = new PackageCache(folder.join("cache"));
  const zip = pluginZip({}, [
    { name: "tagger/config.schema.json", content: '{"type": "object"}' },
    { name: "tagger/README.md", content: "# tagger" },
  ]);

  const found = await cache.add("tagger.zip", zip);

  expect(found.manifest).toMatchObject({ name: "tagger", version: "1.0.0" });
  expect(found.source).toContain("execute");
  expect(found.configSchema).toEqual({ type: "object" });
  expect(found.directory).toBe(folder.join("cache", found.digest, "tagger"));
  expect(await readFile(join(found.directory, "README.md"), "utf8")).toBe("# tagger");
  expect(await packagesIn(folder.join("cache"))).toEqual([found.digest]);
});

test("the same bytes a second time are taken from the cache", async () => {
  await using folder = await TemporaryFolder.create();
  const cache = new PackageCache(folder.join("cache"));
  const first = await cache.add("tagger.zip", pluginZip());
  const { ino } = await stat(first.directory);

  const second = await cache.add("copy.zip", pluginZip());

  expect(second).toEqual(first);
  expect((await stat(second.directory)).ino).toBe(ino);
});

const FORGED = "export default { execute: () => ({ httpCode: 418 }) };";

test.for([
  ["a script is another one", "bin/plugin.js", FORGED],
  ["something was put beside it", "bin/more.js", FORGED],
] as const)(
  "where %s, in this process's time or before it, the zip is what counts",
  async ([, path, forged]) => {
    await using folder = await TemporaryFolder.create();
    const cache = new PackageCache(folder.join("cache"));
    const first = await cache.add("tagger.zip", pluginZip());

    for (const later of [cache, new PackageCache(folder.join("cache"))]) {
      await writeFile(join(first.directory, path), forged);
      const again = await later.add("tagger.zip", pluginZip());

      expect(again).toEqual(first);
      expect((await readdir(join(again.directory, "bin"))).sort()).toEqual(["plugin.js"]);
      expect(await readFile(join(again.directory, "bin/plugin.js"), "utf8")).toBe(first.source);
    }
  },
);

test("a later process opens by digest what is still as it was unpacked, and nothing else", async () => {
  await using folder = await TemporaryFolder.create();
  const first = await new PackageCache(folder.join("cache")).add("tagger.zip", pluginZip());
  const open = async (): Promise<unknown> =>
    new PackageCache(folder.join("cache")).open("tagger", first.digest);

  expect(await open()).toEqual(first);
  await writeFile(join(first.directory, "bin/plugin.js"), FORGED);
  expect(await open()).toBeUndefined();
  await rm(folder.join("cache/.contents"), { recursive: true });
  expect(await open()).toBeUndefined();
});

test("a link in place of a script is not followed, but replaced", async () => {
  await using folder = await TemporaryFolder.create();
  const cache = new PackageCache(folder.join("cache"));
  const first = await cache.add("tagger.zip", pluginZip());
  const script = join(first.directory, "bin/plugin.js");
  const copy = await folder.write("copy.js", await readFile(script, "utf8"));
  await rm(script);
  await symlink(copy, script);

  const again = await cache.add("tagger.zip", pluginZip());

  expect(again).toEqual(first);
  expect((await lstat(script)).isFile()).toBe(true);
});

/** A cache with packages whose last use is so many hours ago; the digests in the same order. */
async function cacheOf(
  folder: TemporaryFolder,
  hours: readonly number[],
): Promise<readonly [PackageCache, string[]]> {
  const cache = new PackageCache(folder.join("cache"));
  const digests: string[] = [];
  for (const [index, ago] of hours.entries()) {
    const { digest } = await cache.add("tagger.zip", pluginZip({ version: `1.0.${index}` }));
    const used = new Date(Date.now() - ago * 3_600_000);
    await utimes(folder.join("cache", digest), used, used);
    digests.push(digest);
  }
  return [cache, digests];
}

test("what nobody has used for a week goes; what is in use stays and counts as used from then on", async () => {
  await using folder = await TemporaryFolder.create();
  const [cache, [used = "", old = "", recent = ""]] = await cacheOf(folder, [1_000, 1_000, 24]);

  await cache.evict(new Set([used]));
  await cache.evict(new Set());

  expect(await packagesIn(folder.join("cache"))).toEqual([used, recent].sort());
  const again = await cache.add("tagger.zip", pluginZip({ version: "1.0.1" }));
  expect(again.digest).toBe(old);
});

test("beyond its size the longest unused go first, but nothing that somebody may just have begun to use", async () => {
  await using folder = await TemporaryFolder.create();
  const [cache, [first = "", second = "", third = ""]] = await cacheOf(folder, [30, 20, 1]);

  const { size } = await stat(folder.join("cache", first, "tagger/plugin.yaml"));
  await cache.evict(new Set(), { ...CACHE_BOUNDS, bytes: size * 3 });
  const afterFirst = await packagesIn(folder.join("cache"));
  await cache.evict(new Set(), { ...CACHE_BOUNDS, bytes: 0 });

  expect(afterFirst.length).toBeLessThan(3);
  expect(afterFirst).not.toContain(first);
  expect(await packagesIn(folder.join("cache"))).toEqual([third]);
  expect(second).not.toBe(third);
});

test("many who add the same zip at once all get it", async () => {
  await using folder = await TemporaryFolder.create();
  const caches = Array.from({ length: 8 }, () => new PackageCache(folder.join("cache")));

  const found = await Promise.all(caches.map((cache) => cache.add("tagger.zip", pluginZip())));

  expect(new Set(found.map(({ directory }) => directory)).size).toBe(1);
  expect(await packagesIn(folder.join("cache"))).toEqual([found[0]?.digest]);
});

test("a cached folder that somebody damaged is made anew", async () => {
  await using folder = await TemporaryFolder.create();
  const cache = new PackageCache(folder.join("cache"));
  const first = await cache.add("tagger.zip", pluginZip());
  await rm(join(first.directory, "plugin.yaml"));

  const again = await cache.add("tagger.zip", pluginZip());

  expect(again).toEqual(first);
});

test("a sweep removes what a dead process left half unpacked, and nothing else", async () => {
  await using folder = await TemporaryFolder.create();
  const cache = new PackageCache(folder.join("cache"));
  const { digest } = await cache.add("tagger.zip", pluginZip());
  await folder.write("cache/.unpacking-old/tagger/plugin.yaml", "");
  await folder.write("cache/.unpacking-new/tagger/plugin.yaml", "");
  await utimes(folder.join("cache/.unpacking-old"), new Date(0), new Date(0));

  await cache.sweep();

  expect((await readdir(folder.join("cache"))).sort()).toEqual([".contents", ".unpacking-new", digest]);
});

test("a folder may be called by name and version", async () => {
  await using folder = await TemporaryFolder.create();

  const found = await new PackageCache(folder.path).add("tagger.zip", pluginZip({}, [], "tagger-1.0.0"));

  expect(found.manifest.name).toBe("tagger");
});

test("what a desktop adds to a zip is ignored", async () => {
  await using folder = await TemporaryFolder.create();
  const zip = pluginZip({}, [
    { name: "__MACOSX/tagger/._plugin.yaml", content: "x" },
    { name: "tagger/.DS_Store", content: "x" },
  ]);

  const found = await new PackageCache(folder.path).add("tagger.zip", zip);

  expect((await readdir(found.directory)).sort()).toEqual(["bin", "plugin.yaml"]);
});

test("scripts of a zip from a system without modes can be started", async () => {
  await using folder = await TemporaryFolder.create();
  const zip = rawZip([
    {
      name: "tagger/plugin.yaml",
      content: JSON.stringify({
        apiVersion: "sluice/v1",
        kind: "Plugin",
        name: "tagger",
        version: "1.0.0",
        runtime: "process",
        positions: ["request"],
        failurePolicy: "open",
      }),
    },
    { name: "tagger/bin/start.sh", content: "#!/bin/sh\n", mode: 0 },
  ]);

  const found = await new PackageCache(folder.path).add("tagger.zip", zip);

  expect((await stat(join(found.directory, "bin/start.sh"))).mode & 0o777).toBe(0o755);
});

const ODD_ENTRIES: readonly (readonly [string, RawEntry, RegExp])[] = [
  ["an absolute path", { name: "/etc/cron.d/x" }, /absolute/],
  ["a Windows drive", { name: "C:/x" }, /absolute/],
  ["a path that climbs", { name: "tagger/../../x" }, /\.\./],
  ["a path that begins by climbing", { name: "../x" }, /\.\./],
  ["a backslash", { name: "tagger\\..\\x" }, /backslash/],
  ["a NUL", { name: "tagger/a\0b" }, /control character/],
  ["an empty part", { name: "tagger//x" }, /empty part/],
  ["no name", { name: "" }, /no name/],
  ["bytes that are no UTF-8", { name: Buffer.from([0x74, 0x2f, 0xff]) }, /UTF-8/],
  ["a symbolic link", { name: "tagger/bin/x", content: "/etc/passwd", mode: 0o120777 }, /link/],
  ["a device", { name: "tagger/bin/x", mode: 0o020644 }, /special file/],
  ["a pipe", { name: "tagger/bin/x", mode: 0o010644 }, /special file/],
  ["a file twice", { name: "tagger/plugin.yaml", content: "x" }, /twice/],
  ["a file that differs by case only", { name: "tagger/PLUGIN.yaml", content: "x" }, /twice/],
  ["a file below a file", { name: "tagger/plugin.yaml/x", content: "x" }, /below a file/],
  ["a file where a folder is", { name: "tagger/bin", content: "x" }, /twice/],
  ["a folder with content", { name: "tagger/x/", content: "abc" }, /folder that holds bytes/],
  ["encryption", { name: "tagger/x", content: "abc", flags: 0x801 }, /encrypted/],
  ["an unknown method", { name: "tagger/x", content: "abc", method: 99 }, /method 99/],
  ["a deep path", { name: `tagger/${"a/".repeat(20)}x` }, /deep/],
  ["a long name", { name: `tagger/${"a".repeat(300)}` }, /too long/],
  ["a second folder", { name: "zz/x", content: "x" }, /beside the one folder/],
  ["a file beside the folder", { name: "zz", content: "x" }, /beside the one folder/],
  ["a wrong checksum", { name: "tagger/x", content: "abc", crc32: 1 }, /checksum/],
  [
    "more bytes than it says",
    { name: "tagger/x", content: "a".repeat(999), uncompressedSize: 5 },
    /larger than 5 bytes/,
  ],
  [
    "fewer bytes than it says",
    { name: "tagger/x", content: "abc", uncompressedSize: 999 },
    /fewer or more bytes/,
  ],
  [
    "a file over the limit",
    { name: "tagger/x", content: "a", uncompressedSize: 50_000_001 },
    /more than 47.7MiB/,
  ],
  ["a bomb", { name: "tagger/x", content: Buffer.alloc(40_000_000) }, /200 times/],
  ["a manifest of its own kind", { name: "tagger/config.schema.json", content: "{" }, /JSON schema/],
];

test.for(ODD_ENTRIES)("a zip with %s is refused, nothing is left", async ([, entry, reason]) => {
  expect(await refusalOf(pluginZip({}, [entry]))).toMatch(reason);
});

test("many files below the ratio that together are too large are given up at the total", async () => {
  const half = Buffer.alloc(900_000);
  const more = Array.from({ length: 100 }, (_, index) => ({ name: `tagger/x${index}`, content: half }));
  await using folder = await TemporaryFolder.create();
  const limits = { ...DEFAULT_ARCHIVE_LIMITS, total: 20_000_000 };

  const adding = new PackageCache(folder.path, limits).add("tagger.zip", pluginZip({}, more));

  await expect(adding).rejects.toThrow(/tagger\/x22: with it the package unpacks to more than 19.1MiB/);
  expect(await readdir(folder.path)).toEqual([]);
});

test("too many entries are refused", async () => {
  const more = Array.from({ length: 21 }, (_, index) => ({ name: `tagger/x${index}` }));

  expect(await refusalOf(pluginZip({}, more))).toMatch(/more than 20 entries/);
});

test("a zip over the limit is refused unread", async () => {
  expect(await refusalOf(Buffer.alloc(200_001))).toMatch(/larger than/);
});

test.for([
  ["another name", { name: "guard" }, /name tagger, expected guard/],
  ["another version", { version: "2.0.0" }, /version 1.0.0, expected 2.0.0/],
  ["another digest", { digest: "0".repeat(64) }, /expected 0000/],
] as const)("a zip with %s than expected is refused", async ([, expected, reason]) => {
  expect(await refusalOf(pluginZip(), expected)).toMatch(reason);
});

test.for([
  ["a folder called otherwise", pluginZip({}, [], "guard"), /must be called tagger or tagger-1.0.0/],
  ["no manifest", rawZip([{ name: "tagger/x" }]), /plugin.yaml: missing/],
  ["nothing in it", rawZip([]), /is empty/],
  ["no script", pluginZip({ entry: "bin/other.js" }), /bin\/other.js: missing/],
  ["no failure policy", pluginZip({ failurePolicy: undefined }), /failurePolicy: missing/],
  ["no start script", pluginZip({ runtime: "process" }), /bin\/start.sh: missing/],
  [
    "a start script that cannot be started",
    pluginZip({ runtime: "process" }, [{ name: "tagger/bin/start.sh", content: "#!/bin/sh" }]),
    /not executable/,
  ],
] as const)("a zip with %s is refused", async ([, zip, reason]) => {
  expect(await refusalOf(zip)).toMatch(reason);
});

test("a zip that ends early is torn, at whichever byte", async () => {
  await using folder = await TemporaryFolder.create();
  const cache = new PackageCache(folder.path);
  const zip = pluginZip();

  for (let length = 0; length < zip.length; length += 7)
    await expect(cache.add("tagger.zip", zip.subarray(0, length))).rejects.toBeInstanceOf(TornArchiveError);

  expect(await readdir(folder.path)).toEqual([]);
});

test("a cache that cannot be written blames itself, not the package", async () => {
  await using folder = await TemporaryFolder.create();
  const file = await folder.write("file", "");

  const error = await new PackageCache(file)
    .add("tagger.zip", pluginZip())
    .catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(PackageCacheError);
  expect((error as MeshError).source).toBe("internal");
});
