import { openPromise, type Entry, type ZipFile } from "yauzl";

import { messageOf } from "../errors.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "./archive-limits.ts";
import { MANIFEST_FILE, parseManifest } from "./manifest-schema.ts";
import type { PluginManifest } from "./manifest.ts";
import { refusal, strayInRoot, TornArchiveError } from "./package-errors.ts";

/** No manifest is larger. */
const MAX_MANIFEST = 1_048_576;
/** No package has more entries: what is beyond them is not looked at. */
const MAX_ENTRIES = DEFAULT_ARCHIVE_LIMITS.entries;
/** The manifest is in no folder. */
const IN_ROOT = Symbol("in root");

/**
 * The manifest of a packed plugin, without reading the rest of the file. Throws an `InputError` where it is no zip, or
 * has no manifest that can be read: the package itself is checked where it is uploaded. `where` names it in problems.
 */
export async function readZipManifest(where: string, path: string): Promise<PluginManifest> {
  const text = await manifestText(path).catch((error: unknown) => {
    throw new TornArchiveError([{ where, message: `is no package: ${messageOf(error)}` }]);
  });
  if (text === undefined) throw refusal(where, MANIFEST_FILE, "missing: every plugin has a manifest");
  if (text === IN_ROOT) throw strayInRoot(where, MANIFEST_FILE);
  return parseManifest(`${where}/${MANIFEST_FILE}`, text);
}

async function manifestText(path: string): Promise<string | typeof IN_ROOT | undefined> {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  try {
    const entry = await manifestEntry(zip);
    return entry === undefined || entry === IN_ROOT ? entry : await contentOf(zip, entry);
  } finally {
    zip.close();
  }
}

/** In the one folder that a package has. */
async function manifestEntry(zip: ZipFile): Promise<Entry | typeof IN_ROOT | undefined> {
  let count = 0;
  let otherwise: typeof IN_ROOT | undefined;
  for await (const entry of zip.eachEntry()) {
    const [, file, ...deeper] = entry.fileName.split("/");
    if (file === MANIFEST_FILE && deeper.length === 0) return entry;
    if (entry.fileName === MANIFEST_FILE) otherwise = IN_ROOT;
    if (++count === MAX_ENTRIES) return otherwise;
  }
  return otherwise;
}

/** What unpacks to more than it says is an error of the stream. */
async function contentOf(zip: ZipFile, entry: Entry): Promise<string> {
  if (entry.uncompressedSize > MAX_MANIFEST) throw new Error(`${entry.fileName} is too large`);
  const chunks = await (await zip.openReadStreamPromise(entry)).toArray();
  return Buffer.concat(chunks as readonly Buffer[]).toString("utf8");
}
