import { createHash } from "node:crypto";
import { basename } from "node:path";

import { parseDocument } from "yaml";

import { InputError } from "../errors.ts";
import { bundlePlugin } from "./bundle.ts";
import type { PluginManifest } from "./manifest.ts";
import { DEFAULT_ENTRY, MANIFEST_FILE } from "./manifest-schema.ts";
import { BundleError } from "./package-errors.ts";
import { collectFiles, type PackageFile } from "./package-files.ts";
import type { PluginPackage } from "./plugin-package.ts";
import { readManifest, readPackage } from "./read-package.ts";

/** A plugin's folder, read as the package that it would be. */
export interface FolderPackage {
  readonly package: PluginPackage;
  /** What a zip of it holds: TypeScript is bundled, and the manifest names the bundle. */
  readonly files: readonly PackageFile[];
  /** Absolute paths of what its script was bundled from, also outside of the folder. */
  readonly sources: readonly string[];
}

/**
 * Reads a plugin from a folder in which somebody works on it. Its TypeScript is bundled where the manifest's entry is
 * TypeScript, or is JavaScript that is not there (`bin/plugin.js` is then made of `src/plugin.ts`). The folder may
 * have any name. Throws an `InputError`, once there is TypeScript a `BundleError`.
 */
export async function readFolder(directory: string): Promise<FolderPackage> {
  const where = directory;
  const manifest = await readManifest(where, directory);
  const files = await collectFiles(where, directory);
  const source = typeScriptOf(manifest, files);
  if (source === undefined)
    return { files, sources: [], package: await readPackage(where, directory, manifest, digestOf(files)) };

  const entry = manifest.entry.endsWith(".ts") ? DEFAULT_ENTRY : manifest.entry;
  const { script, sources } = await bundlePlugin(where, directory, source);
  const packed = withBundle(files, entry, script);
  const read = readPackage(where, directory, { ...manifest, entry }, digestOf(packed), script);
  const found = await read.catch((thrown: unknown) => {
    throw thrown instanceof InputError ? new BundleError(thrown.problems, { sources, missing: [] }) : thrown;
  });
  return { files: packed, sources, package: found };
}

/** The TypeScript that the entry is made of; undefined when it is JavaScript that is there, or must be. */
function typeScriptOf({ runtime, entry }: PluginManifest, files: readonly PackageFile[]): string | undefined {
  if (runtime !== "isolate") return undefined;
  if (entry.endsWith(".ts")) return entry;
  if (files.some(({ path }) => path === entry)) return undefined;
  return `src/${basename(entry, ".js")}.ts`;
}

function withBundle(files: readonly PackageFile[], entry: string, script: string): readonly PackageFile[] {
  const others = files.filter(({ path }) => path !== entry).map((file) => naming(file, entry));
  const made = { path: entry, content: Buffer.from(script), executable: false };
  return [...others, made].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The manifest with `entry` in place of the TypeScript that only the folder has; comments stay. */
function naming(file: PackageFile, entry: string): PackageFile {
  if (file.path !== MANIFEST_FILE) return file;
  const document = parseDocument(file.content.toString());
  if ((document.get("entry") ?? entry) === entry) return file;
  document.set("entry", entry);
  return { ...file, content: Buffer.from(document.toString()) };
}

/** sha256 of files with their paths, hex; not that of a zip of them. */
export function digestOf(files: readonly PackageFile[]): string {
  const hash = createHash("sha256");
  for (const { path, content, executable } of files)
    hash.update(`${path}\0${executable}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}
