import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { access, constants, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";

import { ApiError } from "../control-plane/api/contract/api-error.ts";
import type { ApiClient } from "../control-plane/api/contract/client.ts";
import { MeshError } from "../core/errors.ts";
import { makeFolder } from "../core/make-folder.ts";
import { allPages } from "./all-pages.ts";

/** What a backup has come to; sizes in bytes. */
export interface Backup {
  readonly store: number;
  readonly packages: number;
  /** Of the packages, those that were not in the folder already. */
  readonly fetched: number;
  readonly bytes: number;
}

/** Where the packages of a backup lie. */
export function packagesFolder(file: string): string {
  return `${file}.packages`;
}

/**
 * Copies a running control plane: its store into `file`, every package that the store knows into the folder beside it,
 * each as DIGEST.zip and checked. The file is replaced last: where it is, so are its packages.
 */
export async function backUp(client: ApiClient, file: string): Promise<Backup> {
  await checkPlace(file);
  const unfinished = `${file}.unfinished`;
  try {
    // Before and after: what is uploaded while the store is copied may be in the copy.
    const before = await knownPackages(client);
    const store = await download(await client.bytes("backup"), unfinished);
    const known = new Map([...before, ...(await knownPackages(client))]);
    const fetched = await fetchPackages(client, packagesFolder(file), known);
    await rename(unfinished, file);
    const bytes = [...known.values()].reduce((sum, size) => sum + size, 0);
    return { store, packages: known.size, fetched, bytes };
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Before anything is asked: the audit notes a backup that the control plane gave out. */
async function checkPlace(file: string): Promise<void> {
  const folder = dirname(file);
  const [place, found] = await Promise.all([folder, file].map((path) => stat(path).catch(() => undefined)));
  if (place === undefined)
    throw noPlace(`there is no folder ${folder}: make it first, or name a file elsewhere`);
  if (!place.isDirectory()) throw noPlace(`${folder} is no folder: name a file elsewhere`);
  if (found?.isDirectory() === true)
    throw noPlace(`${file} is a folder: name a file, such as ${file}/mesh.db`);
  await access(folder, constants.W_OK | constants.X_OK).catch(() => {
    throw noPlace(`the folder ${folder} cannot be written into: name a file elsewhere`);
  });
}

function noPlace(message: string): MeshError {
  return new MeshError(message, { code: "no_place", source: "input" });
}

/** Sizes by digest. */
async function knownPackages(client: ApiClient): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  const plugins = await allPages((cursor) => client.call("listPlugins", { query: { cursor, limit: 500 } }));
  for (const { name: plugin } of plugins) {
    const versions = await allPages((cursor) =>
      client.call("listVersions", { params: { plugin }, query: { cursor, limit: 500 } }),
    );
    for (const { digest, size } of versions) sizes.set(digest, size);
  }
  return sizes;
}

/** How many were not there yet. */
async function fetchPackages(
  client: ApiClient,
  folder: string,
  known: ReadonlyMap<string, number>,
): Promise<number> {
  makeFolder(folder);
  let fetched = 0;
  for (const digest of known.keys()) {
    const path = join(folder, `${digest}.zip`);
    if ((await digestOf(path)) === digest) continue;
    if (await fetchPackage(client, digest, path)) fetched++;
  }
  return fetched;
}

/** False where it is gone: its version was deleted since it was listed. */
async function fetchPackage(client: ApiClient, digest: string, path: string): Promise<boolean> {
  const unfinished = `${path}.unfinished`;
  try {
    await download(await client.bytes("getArtifact", { params: { digest } }), unfinished);
    if ((await digestOf(unfinished)) !== digest)
      throw new MeshError(`package ${digest} did not arrive whole: try again`, {
        code: "damaged",
        source: "upstream",
        retryable: true,
      });
    await rename(unfinished, path);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_found") return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function download(bytes: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  const target = createWriteStream(path, { mode: 0o600, flush: true });
  await pipeline(bytes, target);
  return target.bytesWritten;
}

/** Undefined for a file that cannot be read. */
async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}
