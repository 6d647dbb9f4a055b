import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "../errors.ts";
import { formatSize } from "../size.ts";
import type { PluginManifest } from "./manifest.ts";
import { MANIFEST_FILE, parseManifest } from "./manifest-schema.ts";
import { refusal } from "./package-errors.ts";
import type { PluginPackage } from "./plugin-package.ts";
import { checkSchemaApart } from "./schema-thread.ts";

export const CONFIG_SCHEMA_FILE = "config.schema.json";
/** Starts the gRPC server of a process plugin. */
export const START_SCRIPT = "bin/start.sh";
/** Optional: asks it to end. */
export const STOP_SCRIPT = "bin/stop.sh";

const MAX_TEXT = 256 * 1024;
const MAX_SOURCE = 8 * 2 ** 20;

/** plugin.yaml of an unpacked package. `where` is what problems call the package. */
export async function readManifest(where: string, directory: string): Promise<PluginManifest> {
  const text = await readText(where, directory, MANIFEST_FILE, MAX_TEXT);
  if (text === undefined) throw refusal(where, MANIFEST_FILE, "missing: every plugin has a manifest");
  return parseManifest(`${where}/${MANIFEST_FILE}`, text);
}

/**
 * The package in an unpacked folder, checked: manifest, script, schema of the config, start script. `source` is the
 * bundle where one was made of TypeScript; else the manifest's entry is read. Throws an `InputError`.
 */
export async function readPackage(
  where: string,
  directory: string,
  manifest: PluginManifest,
  digest: string,
  source?: string,
): Promise<PluginPackage> {
  const configSchema = await readConfigSchema(where, directory);
  if (manifest.runtime === "process") await requireStartScript(where, directory);
  const script =
    manifest.runtime === "isolate"
      ? (source ?? (await readEntry(where, directory, manifest.entry)))
      : undefined;
  return { manifest, digest, directory, source: script, configSchema };
}

async function readEntry(where: string, directory: string, entry: string): Promise<string> {
  const source = await readText(where, directory, entry, MAX_SOURCE);
  if (source === undefined) throw refusal(where, entry, `missing: ${MANIFEST_FILE} names it as entry`);
  if (source.trim() === "") throw refusal(where, entry, "is empty");
  return source;
}

async function readConfigSchema(where: string, directory: string): Promise<unknown> {
  const text = await readText(where, directory, CONFIG_SCHEMA_FILE, MAX_TEXT);
  return text === undefined ? undefined : checkSchemaApart(`${where}/${CONFIG_SCHEMA_FILE}`, text);
}

async function requireStartScript(where: string, directory: string): Promise<void> {
  await using file = await openFile(where, directory, START_SCRIPT);
  if (file === undefined)
    throw refusal(where, START_SCRIPT, "missing: it starts the gRPC server of a process plugin");
  const { mode } = await file.stat();
  if ((mode & 0o111) === 0) throw refusal(where, START_SCRIPT, "is not executable: chmod +x it");
}

/** undefined when it is not there. A link, a folder, too many bytes or bytes that are no UTF-8 are problems. */
async function readText(
  where: string,
  directory: string,
  path: string,
  limit: number,
): Promise<string | undefined> {
  await using file = await openFile(where, directory, path);
  if (file === undefined) return undefined;
  const { size } = await file.stat();
  if (size > limit) throw refusal(where, path, `is larger than ${formatSize(limit)}`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.readFile());
  } catch {
    throw refusal(where, path, "is not valid UTF-8");
  }
}

async function openFile(where: string, directory: string, path: string): Promise<FileHandle | undefined> {
  // Not to follow a link out of the package, nor to wait for ever at a pipe.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let file: FileHandle;
  try {
    file = await open(join(directory, path), flags);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw refusal(where, path, code === "ELOOP" ? "is a link" : `cannot be read: ${messageOf(thrown)}`);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw refusal(where, path, "is not a file");
}
