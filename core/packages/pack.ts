import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";

import { parseDocument } from "yaml";
import { ZipFile } from "yazl";

import { checkScript } from "./check-script.ts";
import { MANIFEST_FILE } from "./manifest-schema.ts";
import type { PluginManifest } from "./manifest.ts";
import type { PackageFile } from "./package-files.ts";
import { digestOf, readFolder, type FolderPackage } from "./read-folder.ts";

/** A packed plugin: what is uploaded, copied into a plugin folder, or put under a signature. */
export interface PackedPlugin {
  readonly manifest: PluginManifest;
  readonly zip: Buffer;
  /** sha256 of the zip, hex. */
  readonly digest: string;
  /** The same as long as nothing but plugin.yaml changes. */
  readonly content: string;
}

/** A folder as it is, packed. */
export interface PackedFolder extends PackedPlugin {
  /**
   * The same for work in progress, whose content changes while its version in plugin.yaml does not: packed as
   * `VERSION-dev.DIGEST`, so that each content has a version of its own.
   */
  workInProgress(): Promise<PackedPlugin>;
  /** As `FolderPackage` has them. */
  readonly sources: readonly string[];
}

/** Between the version in plugin.yaml and the digest. */
const IN_PROGRESS = "-dev.";

/** Whether a version was given to work in progress, see `PackedFolder`. */
export function isWorkInProgress(version: string): boolean {
  return version.includes(IN_PROGRESS);
}

/** Local time on purpose: a zip stores no zone, so the same bytes come out everywhere. */
const EPOCH = new Date(1980, 0, 1);

/**
 * Packs a plugin's folder into a zip, TypeScript bundled. The same files give the same bytes, whatever their times
 * and order on disk. Throws an `InputError` when the folder is no valid plugin.
 */
export async function packPlugin(directory: string): Promise<PackedFolder> {
  return packed(await readChecked(directory));
}

/** The same for whoever uploads it at once: whether nodes can load the script is told by who takes it in. */
export async function packForUpload(directory: string): Promise<PackedFolder> {
  return packed(await readFolder(directory));
}

async function packed({ files, sources, package: found }: FolderPackage): Promise<PackedFolder> {
  const plugin = await zipped(found.manifest, files);
  const version = `${found.manifest.version}${IN_PROGRESS}${plugin.digest.slice(0, 8)}`;
  const workInProgress = (): Promise<PackedPlugin> =>
    zipped(
      { ...found.manifest, version },
      files.map((file) => withVersion(file, version)),
    );
  return { ...plugin, workInProgress, sources };
}

/** With a script that nodes can load, as far as that can be told without running it. */
async function readChecked(directory: string): Promise<FolderPackage> {
  const read = await readFolder(directory);
  const { manifest, source } = read.package;
  if (source !== undefined) await checkScript(directory, manifest.entry, source);
  return read;
}

async function zipped(manifest: PluginManifest, files: readonly PackageFile[]): Promise<PackedPlugin> {
  const zip = new ZipFile();
  for (const { path, content, executable } of files)
    zip.addBuffer(content, `${manifest.name}/${path}`, {
      mtime: EPOCH,
      mode: executable ? 0o100755 : 0o100644,
      forceDosTimestamp: true,
    });
  zip.end();
  const bytes = await buffer(zip.outputStream);
  const digest = createHash("sha256").update(bytes).digest("hex");
  return {
    manifest,
    zip: bytes,
    digest,
    content: digestOf(files.filter(({ path }) => path !== MANIFEST_FILE)),
  };
}

function withVersion(file: PackageFile, version: string): PackageFile {
  if (file.path !== MANIFEST_FILE) return file;
  const document = parseDocument(file.content.toString());
  document.set("version", version);
  return { ...file, content: Buffer.from(document.toString()) };
}
