import { getFileNameLowLevel, type Entry } from "yauzl";

import { formatSize } from "../size.ts";
import { RATIO_FREE_BYTES, type ArchiveLimits } from "./archive-limits.ts";

/** What one entry of a zip asks for, once it is known to be harmless. */
export type ZipEntryPlan =
  /** `path` has no empty, `.` or `..` part and never begins with a slash. */
  | { readonly kind: "file"; readonly path: string; readonly executable: boolean }
  | { readonly kind: "directory"; readonly path: string }
  /** What desktop systems add on their own. */
  | { readonly kind: "ignored" }
  | { readonly kind: "refused"; readonly path: string; readonly reason: string };

const ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000;
/** The method of a file that is not packed. */
export const STORED = 0;
const DEFLATED = 8;
const TYPE_BITS = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const EXECUTE_BITS = 0o111;
const MAX_PATH = 400;
const MAX_PART = 200;
const MAX_DEPTH = 16;

/** Decides on an entry by its central directory record; needs yauzl's `decodeStrings: false`. */
export function planEntry(entry: Entry, limits: ArchiveLimits): ZipEntryPlan {
  const name = nameOf(entry);
  const path = name.endsWith("/") ? name.slice(0, -1) : name;
  const refused = (reason: string): ZipEntryPlan => ({ kind: "refused", path: printable(name), reason });

  const flaw = pathFlaw(path);
  if (flaw !== undefined) return refused(flaw);
  if (isDesktopFile(path)) return { kind: "ignored" };

  // Whichever system the zip says it is from: some unpackers believe these bits, so we must not be fooled either.
  const mode = entry.externalFileAttributes >>> 16;
  const type = mode & TYPE_BITS;
  if (type !== 0 && type !== REGULAR && type !== DIRECTORY) return refused("is a link or a special file");
  if ((type === DIRECTORY) !== name.endsWith("/") && type !== 0)
    return refused("calls itself a file and a folder");
  if (name.endsWith("/"))
    return entry.uncompressedSize === 0
      ? { kind: "directory", path }
      : refused("is a folder that holds bytes itself");

  const unreadable = contentFlaw(entry, limits);
  if (unreadable !== undefined) return refused(unreadable);
  // A zip from a system without such bits (Windows) still has scripts that must start.
  const executable = mode === 0 ? path.endsWith(".sh") : (mode & EXECUTE_BITS) !== 0;
  return { kind: "file", path, executable };
}

function nameOf(entry: Entry): string {
  return getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
}

function pathFlaw(path: string): string | undefined {
  if (path === "") return "has no name";
  if (/[\0-\x1f\x7f]/.test(path)) return "has a control character in its name";
  if (path.includes("\\")) return "has a backslash in its name";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "is an absolute path";
  if (!path.isWellFormed() || path.includes("\uFFFD")) return "has a name that is no valid UTF-8";
  const parts = path.split("/");
  if (parts.includes("..")) return "leads out of the package by ..";
  if (parts.includes("") || parts.includes(".")) return "has an empty part or a . in its path";
  if (parts.length > MAX_DEPTH) return `is more than ${MAX_DEPTH} folders deep`;
  const tooLong = path.length > MAX_PATH || parts.some((part) => Buffer.byteLength(part) > MAX_PART);
  return tooLong ? "has a name that is too long" : undefined;
}

function contentFlaw(entry: Entry, limits: ArchiveLimits): string | undefined {
  if ((entry.generalPurposeBitFlag & ENCRYPTED_FLAGS) !== 0) return "is encrypted";
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED)
    return `is packed by method ${entry.compressionMethod}; only deflate and stored are read`;
  const size = entry.uncompressedSize;
  if (size > limits.entry) return `unpacks to ${formatSize(size)}, more than ${formatSize(limits.entry)}`;
  if (size > RATIO_FREE_BYTES && size > entry.compressedSize * limits.ratio)
    return `unpacks to more than ${limits.ratio} times its packed size`;
  return undefined;
}

function isDesktopFile(path: string): boolean {
  return path === "__MACOSX" || path.startsWith("__MACOSX/") || /(^|\/)\.DS_Store$/.test(path);
}

function printable(name: string): string {
  return name.replaceAll(/[\0-\x1f\x7f]/g, "?").slice(0, MAX_PATH);
}
