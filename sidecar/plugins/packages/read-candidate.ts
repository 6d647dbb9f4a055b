import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { basename } from "node:path";

import type { PackageCandidate } from "./package-candidates.ts";
import type { PackageCache } from "../../../core/packages/package-cache.ts";
import { refusal } from "../../../core/packages/package-errors.ts";
import { readFolder, type FolderPackage } from "../../../core/packages/read-folder.ts";

/** Reads what lies in a plugin folder. Throws an `InputError` or a `PackageCacheError`. */
export async function readCandidate(
  candidate: PackageCandidate,
  cache: PackageCache,
): Promise<Pick<FolderPackage, "package" | "sources">> {
  const { path, kind } = candidate;
  if (kind === "stray-link") throw refusal(path, undefined, "is a link that leads out of the plugin folder");
  if (kind === "folder") return readFolder(path);
  const bytes = await readZip(path, cache.archiveLimit);
  return { package: await cache.add(path, bytes, { fileName: basename(path) }), sources: [] };
}

/** `token-guard` of `token-guard-1.2.0.zip`: what a package is called as long as its manifest cannot be read. */
export function nameOfFile(path: string): string {
  return basename(path, ".zip").replace(/-\d+\.\d+\.\d+.*$/, "");
}

async function readZip(path: string, limit: number): Promise<Buffer> {
  // Resolved first and not followed after: what was found to lie in the folder is what is read.
  await using file = await open(await realpath(path), constants.O_RDONLY | constants.O_NOFOLLOW);
  const { size } = await file.stat();
  // One byte more than allowed is enough for the cache to refuse it.
  const bytes = Buffer.allocUnsafe(Math.min(size, limit + 1));
  let at = 0;
  while (at < bytes.length) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}
