import type { Stats } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

import { messageOf } from "../errors.ts";
import { formatSize } from "../size.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "./archive-limits.ts";
import { MANIFEST_FILE } from "./manifest-schema.ts";
import { refusal } from "./package-errors.ts";
import { CONFIG_SCHEMA_FILE } from "./read-package.ts";

/** A file of a plugin's folder that belongs into its package. */
export interface PackageFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly content: Buffer;
  readonly executable: boolean;
}

const PACKED_FILES = [MANIFEST_FILE, CONFIG_SCHEMA_FILE, "README.md"] as const;
const PACKED_FOLDER = "bin";
const SOURCE_FOLDER = "src";
/** What tools leave behind while a plugin runs or is worked on. */
const LEFTOVERS = new Set(["node_modules", "__pycache__"]);

/** Nobody packs, reads or watches it: what tools leave behind in `folder`, and what begins with a dot there. */
export function isLeftover(folder: string, path: string): boolean {
  const names = relative(folder, path).split(sep);
  return names[0] !== ".." && names.some((name) => isLeft(name));
}

function isLeft(name: string): boolean {
  return name.startsWith(".") || LEFTOVERS.has(name);
}

/** Reads what a package is made of, in a canonical order. Throws an `InputError`; links are refused as in zips. */
export async function collectFiles(where: string, directory: string): Promise<readonly PackageFile[]> {
  const files: PackageFile[] = [];
  let total = 0;
  for (const { path, stats } of await walk(directory, [...PACKED_FILES, PACKED_FOLDER])) {
    if (!stats.isFile()) throw refusal(where, path, "is a link or a special file");
    total += stats.size;
    if (total > DEFAULT_ARCHIVE_LIMITS.total || files.length >= DEFAULT_ARCHIVE_LIMITS.entries)
      throw refusal(
        where,
        path,
        `the package has too many files or more than ${formatSize(DEFAULT_ARCHIVE_LIMITS.total)}`,
      );
    const content = await readFile(join(directory, path)).catch((error: unknown) => {
      throw refusal(where, path, `cannot be read: ${messageOf(error)}`);
    });
    files.push({ path, content, executable: (stats.mode & 0o111) !== 0 });
  }
  return files;
}

/**
 * Changes when a file of the package or of its TypeScript source does, and one of `sources`, absolute paths of what its
 * script was bundled from or would be, which need not be there. Costs a stat for each file.
 */
export async function folderSignature(directory: string, sources: readonly string[]): Promise<string> {
  const walked = await walk(directory, [...PACKED_FILES, PACKED_FOLDER, SOURCE_FOLDER]);
  const elsewhere = sources.filter((path) => !path.startsWith(join(directory, SOURCE_FOLDER) + sep));
  const found = [...walked, ...(await statAll(elsewhere))];
  return found.map(({ path, stats }) => `${path}:${stats.size}:${stats.mtimeMs}:${stats.mode}`).join("\n");
}

interface Found {
  readonly path: string;
  readonly stats: Stats;
}

/** Those that are there. Folders are not looked into. */
async function statAll(paths: readonly string[]): Promise<readonly Found[]> {
  const looks = paths.map(async (path) => ({ path, stats: await lstat(path).catch(() => undefined) }));
  return (await Promise.all(looks)).flatMap(({ path, stats }) =>
    stats === undefined ? [] : [{ path, stats }],
  );
}

async function walk(directory: string, paths: readonly string[]): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const path of paths) {
    const stats = await lstat(join(directory, path)).catch(() => undefined);
    if (stats === undefined) continue;
    if (!stats.isDirectory()) {
      found.push({ path, stats });
      continue;
    }
    // A folder may vanish between the two calls: then it holds nothing.
    const names = await readdir(join(directory, path)).catch(() => []);
    const kept = names.filter((name) => !isLeft(name)).sort();
    const below = kept.map((name) => `${path}/${name}`);
    found.push(...(await walk(directory, below)));
  }
  return found;
}
