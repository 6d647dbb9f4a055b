import type { Stats } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

import { MANIFEST_FILE } from "../../../core/packages/manifest-schema.ts";
import { folderSignature } from "../../../core/packages/package-files.ts";

/** Something in a plugin folder that may be a package. */
export interface PackageCandidate {
  /** Absolute, as a person finds it in the folder. */
  readonly path: string;
  readonly kind: "zip" | "folder" | "stray-link";
  /** Differs whenever the bytes may differ. */
  readonly signature: string;
}

type SourcesOf = (path: string) => readonly string[];

/**
 * Zips, and folders with a manifest, directly in `directory`; names that begin with a dot are left out. Links are
 * followed only within the folder (as mounted volumes have them): one that leads out of it is a `stray-link`. A folder
 * that is not there holds nothing. `sourcesOf` tells what the script of the package at a path was bundled from.
 */
export async function listCandidates(
  directory: string,
  sourcesOf: SourcesOf,
): Promise<readonly PackageCandidate[]> {
  const root = await realpath(directory).catch(() => undefined);
  if (root === undefined) return [];
  const names = (await readdir(directory).catch(() => [])).filter((name) => !name.startsWith("."));
  const found = await Promise.all(
    names.sort().map((name) => candidateAt(root, join(directory, name), sourcesOf)),
  );
  return found.filter((candidate) => candidate !== undefined);
}

async function candidateAt(
  root: string,
  path: string,
  sourcesOf: SourcesOf,
): Promise<PackageCandidate | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return undefined;
  const isZip = stats.isFile() && path.endsWith(".zip");
  const isFolder = stats.isDirectory() && (await lstat(join(path, MANIFEST_FILE)).catch(() => undefined));
  if (!isZip && !isFolder) return undefined;
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return undefined;
  if (!real.startsWith(root + sep)) return { path, kind: "stray-link", signature: signatureOf(stats) };
  if (isZip) return { path, kind: "zip", signature: signatureOf(stats) };
  return { path, kind: "folder", signature: await folderSignature(path, sourcesOf(path)) };
}

/** The time of change as well, since copies may keep the time of modification. */
function signatureOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}
