import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { crc32, inflateRaw, type InputType, type ZlibOptions } from "node:zlib";

import { fromBufferPromise, type Entry, type ZipFile } from "yauzl";

import { messageOf } from "../errors.ts";
import { formatSize } from "../size.ts";
import type { ArchiveLimits } from "./archive-limits.ts";
import { PackageCacheError, refusal, TornArchiveError } from "./package-errors.ts";
import { planEntry, STORED } from "./zip-entry.ts";

const inflate: (packed: InputType, options: ZlibOptions) => Promise<Buffer> = promisify(inflateRaw);

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Unpacks a zip into `into`, an empty folder of ours. Every entry is checked before a byte of it is written, and a
 * file that turns out larger than it said is given up at that byte. Throws an `InputError` that names the entry
 * (`TornArchiveError` where the bytes are no whole zip); what was written by then is the caller's to remove.
 */
export async function extractZip(
  where: string,
  bytes: Buffer,
  into: string,
  limits: ArchiveLimits,
): Promise<void> {
  const zip = await openZip(where, bytes);
  const entries = zip.eachEntry();
  const taken = new TakenPaths();
  let total = 0;
  let count = 0;
  for (let entry = await next(); entry !== undefined; entry = await next()) {
    if (++count > limits.entries)
      throw refusal(where, undefined, `holds more than ${limits.entries} entries`);
    const plan = await torn(where, async () => planEntry(entry, limits));
    if (plan.kind === "ignored") continue;
    if (plan.kind === "refused") throw refusal(where, plan.path, plan.reason);
    const clash = taken.take(plan.path, plan.kind);
    if (clash !== undefined) throw refusal(where, plan.path, clash);
    total += entry.uncompressedSize;
    if (total > limits.total)
      throw refusal(where, plan.path, `with it the package unpacks to more than ${formatSize(limits.total)}`);
    const target = join(into, plan.path);
    if (plan.kind === "directory") await onDisk(into, () => mkdir(target, { recursive: true, mode: 0o755 }));
    else
      await writeEntry({
        where,
        zip,
        bytes,
        entry,
        path: plan.path,
        into,
        target,
        executable: plan.executable,
      });
  }

  async function next(): Promise<Entry | undefined> {
    const read: IteratorResult<Entry, unknown> = await torn(where, () => entries.next());
    return read.done === true ? undefined : read.value;
  }
}

interface EntryWrite {
  readonly where: string;
  readonly zip: ZipFile;
  readonly bytes: Buffer;
  readonly entry: Entry;
  readonly path: string;
  readonly into: string;
  readonly target: string;
  readonly executable: boolean;
}

async function writeEntry({
  where,
  zip,
  bytes,
  entry,
  path,
  into,
  target,
  executable,
}: EntryWrite): Promise<void> {
  const content = await torn(where, () => readContent(zip, bytes, entry), path);
  await onDisk(into, () => mkdir(dirname(target), { recursive: true, mode: 0o755 }));
  await using file = await onDisk(into, () => open(target, CREATE, executable ? 0o755 : 0o644));
  await onDisk(into, () => file.writeFile(content));
  await onDisk(into, () => file.sync());
}

/** Inflating ends at the first byte more than the entry says, so that a bomb is never unpacked. */
async function readContent(zip: ZipFile, bytes: Buffer, entry: Entry): Promise<Buffer> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const packed = bytes.subarray(fileDataStart, fileDataStart + entry.compressedSize);
  if (packed.length < entry.compressedSize) throw new Error("ends in the middle of a file");
  const maxOutputLength = Math.max(1, entry.uncompressedSize);
  const content = entry.compressionMethod === STORED ? packed : await inflate(packed, { maxOutputLength });
  if (content.length !== entry.uncompressedSize) throw new Error("holds fewer or more bytes than it says");
  if (crc32(content) !== entry.crc32) throw new Error("checksum differs");
  return content;
}

/** Names that were used already, as files or folders, without regard to case. */
class TakenPaths {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();

  /** Why this path cannot be had as well; undefined when it can, and then it is taken. */
  take(path: string, kind: "file" | "directory"): string | undefined {
    // Two names that some file systems take for one must not decide by luck which content wins.
    const folded = path.normalize("NFC").toLowerCase();
    if (this.#files.has(folded) || (kind === "file" && this.#folders.has(folded))) return "is there twice";
    for (let at = folded.lastIndexOf("/"); at > 0; at = folded.lastIndexOf("/", at - 1)) {
      const parent = folded.slice(0, at);
      if (this.#files.has(parent)) return "lies below a file";
      this.#folders.add(parent);
    }
    (kind === "file" ? this.#files : this.#folders).add(folded);
    return undefined;
  }
}

async function openZip(where: string, bytes: Buffer): Promise<ZipFile> {
  const options = { decodeStrings: false, validateEntrySizes: true, lazyEntries: true };
  return torn(where, () => fromBufferPromise(bytes, options));
}

/** What fails in here fails because the zip's own bytes are wrong. */
async function torn<T>(where: string, step: () => Promise<T>, key?: string): Promise<T> {
  try {
    return await step();
  } catch (thrown) {
    const message = `cannot be read as a zip: ${messageOf(thrown)}`;
    throw new TornArchiveError([key === undefined ? { where, message } : { where, key, message }]);
  }
}

/** What fails in here fails because of the disk. */
async function onDisk<T>(into: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (thrown) {
    throw new PackageCacheError(into, thrown);
  }
}
