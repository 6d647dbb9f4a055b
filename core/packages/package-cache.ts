import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

import { formatSize } from "../size.ts";
import { DEFAULT_ARCHIVE_LIMITS, type ArchiveLimits } from "./archive-limits.ts";
import { contentOf, sizeOf } from "./folder-content.ts";
import type { PluginManifest } from "./manifest.ts";
import { MANIFEST_FILE } from "./manifest-schema.ts";
import { PackageCacheError, refusal, strayInRoot } from "./package-errors.ts";
import type { PluginPackage } from "./plugin-package.ts";
import { readManifest, readPackage } from "./read-package.ts";
import { extractZip } from "./zip-extract.ts";

const TEMPORARY = ".unpacking-";
const DIGEST = /^[0-9a-f]{64}$/;
/** What is older was left by a process that died. */
const STALE = 10 * 60_000;
/** What each unpacked folder held, by digest, for processes that have no zip at hand. */
const CONTENTS = ".contents";

const HOUR = 3_600_000;
/** What becomes of packages that are not in use; other processes, whose packages these may be, mark theirs hourly. */
export const CACHE_BOUNDS = {
  /** ms since somebody used it: then it goes. */
  unused: 7 * 24 * HOUR,
  /** Bytes of all together: beyond it the longest unused go earlier, but none that was used within `grace` ms. */
  bytes: 1024 * 1024 * 1024,
  grace: 3 * HOUR,
} as const;
export type CacheBounds = { readonly [Name in keyof typeof CACHE_BOUNDS]: number };

/** What a zip must turn out to be; what is left out is not checked. */
export interface ExpectedPackage {
  readonly name?: string;
  readonly version?: string;
  /** sha256 of the zip, hex. */
  readonly digest?: string;
  /** What the zip is called: must be NAME.zip or NAME-VERSION.zip. */
  readonly fileName?: string;
}

/**
 * Unpacked packages on disk, one folder for each digest. A folder appears whole or not at all: it is unpacked and
 * checked beside the cache, synced, then renamed. Several processes may share one cache.
 *
 * What lies there is believed only while it is, byte for byte, what this process unpacked itself: a digest as a name
 * proves nothing, and plugins of runtime `process` may write wherever this process may.
 */
export class PackageCache {
  readonly #directory: string;
  readonly #limits: ArchiveLimits;
  /** By digest: what the folder held when it was unpacked. */
  readonly #contents = new Map<string, string>();

  /** `directory` is made when it is needed. */
  constructor(directory: string, limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS) {
    this.#directory = directory;
    this.#limits = limits;
  }

  /** Bytes that a zip may have at most. */
  get archiveLimit(): number {
    return this.#limits.archive;
  }

  /**
   * Checks a zip and unpacks it unless that was done before. `where` is what problems call it. Throws an `InputError`
   * when the zip is refused and a `PackageCacheError` when the disk fails; nothing is left behind either way.
   */
  async add(where: string, zip: Buffer, expected: ExpectedPackage = {}): Promise<PluginPackage> {
    const { archive } = this.#limits;
    if (zip.length > archive) throw refusal(where, undefined, `is larger than ${formatSize(archive)}`);
    const digest = createHash("sha256").update(zip).digest("hex");
    if (expected.digest !== undefined && expected.digest !== digest)
      throw refusal(where, undefined, `has digest ${digest}, expected ${expected.digest}`);
    const cached = await this.#cached(where, digest);
    if (cached === undefined) return this.#unpack(where, zip, digest, expected);
    requireExpected(where, cached.manifest, expected);
    return cached;
  }

  /**
   * The package with this digest as it was unpacked before, by this process or an earlier one; undefined where there
   * is none, or it is not what was unpacked. The word of an earlier process is a file beside it: who may write to the
   * cache may have written that too.
   */
  async open(where: string, digest: string): Promise<PluginPackage | undefined> {
    if (!DIGEST.test(digest)) return undefined;
    if (!this.#contents.has(digest)) {
      const content = await readFile(this.#contentFile(digest), "utf8").catch(() => undefined);
      if (content !== undefined) this.#contents.set(digest, content);
    }
    return this.#cached(where, digest);
  }

  /** Digests of everything that was unpacked. */
  async digests(): Promise<readonly string[]> {
    return (await readdir(this.#directory).catch(() => [])).filter((name) => DIGEST.test(name));
  }

  /** Deletes the files of a package, all at once as far as others can see. Throws a `PackageCacheError`. */
  async remove(digest: string): Promise<void> {
    if (!DIGEST.test(digest)) return;
    this.#contents.delete(digest);
    await this.#discard(join(this.#directory, digest));
    await this.#onDisk(rm(this.#contentFile(digest), { force: true }));
  }

  /** Removes what processes that died while unpacking left behind. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#directory).catch(() => [])) {
      if (!name.startsWith(TEMPORARY)) continue;
      const path = join(this.#directory, name);
      const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
      if (age > STALE) await rm(path, { recursive: true, force: true });
    }
  }

  /** Removes packages beyond `bounds` that are not among `inUse`, which are marked as used. Never rejects. */
  async evict(inUse: ReadonlySet<string>, bounds: CacheBounds = CACHE_BOUNDS): Promise<void> {
    const now = Date.now();
    const names = await this.digests();
    const marked = new Date(now);
    for (const name of names)
      if (inUse.has(name)) await utimes(join(this.#directory, name), marked, marked).catch(() => {});
    const folders = await Promise.all(names.map((name) => this.#folderOf(name)));
    let bytes = folders.reduce((sum, each) => sum + each.bytes, 0);
    for (const { name, used, bytes: own } of folders.sort((a, b) => a.used - b.used)) {
      const age = now - used;
      const isOver = age > bounds.unused || (bytes > bounds.bytes && age > bounds.grace);
      if (inUse.has(name) || !isOver) continue;
      bytes -= own;
      await this.remove(name).catch(() => {});
    }
  }

  async #folderOf(name: string): Promise<{ name: string; used: number; bytes: number }> {
    const folder = join(this.#directory, name);
    const used = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now();
    return { name, used, bytes: await sizeOf(folder).catch(() => 0) };
  }

  async #cached(where: string, digest: string): Promise<PluginPackage | undefined> {
    const content = this.#contents.get(digest);
    const folder = join(this.#directory, digest);
    if (content === undefined || (await contentOf(folder).catch(() => undefined)) !== content)
      return undefined;
    return readRoot(where, folder, digest);
  }

  /** Moved away first: nobody is to see half of it. */
  async #discard(folder: string): Promise<void> {
    const away = this.#temporary();
    const moved = rename(folder, away).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== "ENOENT") throw thrown;
    });
    await this.#onDisk(moved);
    await this.#onDisk(rm(away, { recursive: true, force: true }));
  }

  async #unpack(
    where: string,
    zip: Buffer,
    digest: string,
    expected: ExpectedPackage,
  ): Promise<PluginPackage> {
    const temporary = this.#temporary();
    try {
      await this.#onDisk(mkdir(temporary, { recursive: true }));
      await extractZip(where, zip, temporary, this.#limits);
      const found = await readRoot(where, temporary, digest);
      requireExpected(where, found.manifest, expected);
      const folder = join(this.#directory, digest);
      const content = await this.#onDisk(contentOf(temporary));
      const there = await contentOf(folder).catch(() => undefined);
      // Another process, or an earlier one, was first. With other bytes it is not what the digest says: begun anew.
      if (there !== undefined && there !== content) await this.#discard(folder);
      if (there !== content) await this.#onDisk(publish(temporary, folder));
      await this.#remember(digest, content);
      return { ...found, directory: join(folder, relative(temporary, found.directory)) };
    } finally {
      await this.#onDisk(rm(temporary, { recursive: true, force: true }));
    }
  }

  async #remember(digest: string, content: string): Promise<void> {
    this.#contents.set(digest, content);
    const draft = `${this.#contentFile(digest)}.${randomUUID()}`;
    await this.#onDisk(mkdir(join(this.#directory, CONTENTS), { recursive: true }));
    await this.#onDisk(writeFile(draft, content, { flush: true }));
    await this.#onDisk(rename(draft, this.#contentFile(digest)));
  }

  #contentFile(digest: string): string {
    return join(this.#directory, CONTENTS, digest);
  }

  #temporary(): string {
    return join(this.#directory, `${TEMPORARY}${randomUUID()}`);
  }

  async #onDisk<T>(step: Promise<T>): Promise<T> {
    try {
      return await step;
    } catch (thrown) {
      throw new PackageCacheError(this.#directory, thrown);
    }
  }
}

/** The package in the one folder that a zip must hold. */
async function readRoot(where: string, folder: string, digest: string): Promise<PluginPackage> {
  const [root, ...others] = await readdir(folder, { withFileTypes: true });
  if (root === undefined)
    throw refusal(where, undefined, "is empty: expected one folder with plugin.yaml in it");
  const stray = root.isDirectory() ? others[0] : root;
  if (stray !== undefined) throw strayInRoot(where, stray.name);
  const directory = join(folder, root.name);
  const manifest = await readManifest(`${where}/${root.name}`, directory);
  const { name, version } = manifest;
  if (root.name !== name && root.name !== `${name}-${version}`)
    throw refusal(
      where,
      root.name,
      `the folder must be called ${name} or ${name}-${version} as in plugin.yaml`,
    );
  return readPackage(`${where}/${root.name}`, directory, manifest, digest);
}

function requireExpected(where: string, manifest: PluginManifest, expected: ExpectedPackage): void {
  for (const key of ["name", "version"] as const) {
    const wanted = expected[key];
    if (wanted !== undefined && wanted !== manifest[key])
      throw refusal(where, MANIFEST_FILE, `says ${key} ${manifest[key]}, expected ${wanted}`);
  }
  const names = [`${manifest.name}.zip`, `${manifest.name}-${manifest.version}.zip`];
  if (expected.fileName !== undefined && !names.includes(expected.fileName))
    throw refusal(where, MANIFEST_FILE, `says that the zip must be called ${names.join(" or ")}`);
}

/** Makes a finished folder appear under its name; another process may have been first, with the same content. */
async function publish(from: string, to: string): Promise<void> {
  for (const folder of await readdir(from, { recursive: true, withFileTypes: true }))
    if (folder.isDirectory()) await syncFolder(join(folder.parentPath, folder.name));
  await syncFolder(from);
  try {
    await rename(from, to);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw thrown;
  }
  await syncFolder(dirname(to));
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path);
  await folder.sync();
}
