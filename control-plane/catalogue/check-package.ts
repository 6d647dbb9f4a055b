import { randomUUID } from "node:crypto";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { MeshError, messageOf } from "../../core/errors.ts";
import { checkScript } from "../../core/packages/check-script.ts";
import type { PluginManifest } from "../../core/packages/manifest.ts";
import { PackageCache } from "../../core/packages/package-cache.ts";
import { PackageCacheError } from "../../core/packages/package-errors.ts";
import { ChildStartError } from "../../core/start-child.ts";
import { OperationError } from "../model/operation-error.ts";

const README = "README.md";
const MAX_README = 64 * 1024;

/** What a package says of itself. */
export interface CheckedPackage {
  readonly digest: string;
  readonly manifest: PluginManifest;
  readonly configSchema: unknown;
  readonly readme: string | undefined;
}

/**
 * Unpacks a package where nothing else is and checks it as nodes will: the zip, its names and sizes, manifest, script,
 * schema. Nothing of it stays in `folder`. `invalid_input` says what is wrong with it, `unavailable` that it could not
 * be checked now.
 */
export async function checkPackage(folder: string, plugin: string, zip: Buffer): Promise<CheckedPackage> {
  const scratch = join(folder, `check-${randomUUID()}`);
  try {
    const found = await new PackageCache(scratch).add("package", zip, { name: plugin });
    const { digest, manifest, configSchema, source } = found;
    if (source !== undefined) await checkScript("package", manifest.entry, source);
    return { digest, manifest, configSchema, readme: await readReadme(found.directory) };
  } catch (thrown) {
    if (thrown instanceof MeshError && !isOurs(thrown)) throw thrown;
    throw new OperationError("unavailable", `the package could not be checked: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Says nothing about the package: the disk, or the system's limits, kept it from being checked. */
function isOurs(error: MeshError): boolean {
  return error instanceof PackageCacheError || error instanceof ChildStartError;
}

/** Undefined where there is none, or more than people read. */
async function readReadme(directory: string): Promise<string | undefined> {
  const path = join(directory, README);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MAX_README) return undefined;
  return new TextDecoder("utf-8").decode(await readFile(path));
}
