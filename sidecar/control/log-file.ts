import { readFile } from "node:fs/promises";

import { BEGINNING, fileIdentity, positionText, type LogPosition } from "./log-position.ts";

/** A line, and the position after it; empty where the line is on no disk. */
export interface LogEntry {
  readonly line: string;
  readonly position: string;
}

/** A part of a log that ends where the log does. */
export interface LogPart {
  readonly entries: readonly LogEntry[];
  /** Of the end of the log. */
  readonly position: string;
  /** What followed the position that was asked for is there no more, or not all of it. */
  readonly lost: boolean;
}

interface LogFile {
  readonly file: string;
  readonly bytes: Buffer;
}

const NEWLINE = 0x0a;

/** Both files of a log, the older one first; those that are there. */
export async function logFiles(path: string): Promise<readonly LogFile[]> {
  const files = await Promise.all([`${path}.1`, path].map(logFile));
  return files.filter((file) => file !== undefined);
}

async function logFile(path: string): Promise<LogFile | undefined> {
  try {
    const bytes = await readFile(path);
    return { file: fileIdentity(bytes), bytes };
  } catch {
    return undefined;
  }
}

/** The last whole lines, at most so many bytes. */
export function tailOf(files: readonly LogFile[], bytes: number): LogPart {
  const entries: LogEntry[] = [];
  let room = bytes;
  for (const entry of files.flatMap((file) => entriesAfter(file, 0)).toReversed()) {
    room -= Buffer.byteLength(entry.line) + 1;
    if (room < 0) break;
    entries.push(entry);
  }
  return { entries: entries.toReversed(), position: endOf(files), lost: false };
}

/** The lines after a position; all that there are where it is in none of the files. */
export function after(files: readonly LogFile[], { file, offset }: LogPosition): LogPart {
  const index = files.findLastIndex((each) => each.file === file && offset <= each.bytes.length);
  const [first, ...others] = files.slice(Math.max(0, index));
  const known = first === undefined ? [] : entriesAfter(first, index < 0 ? 0 : offset);
  const entries = [...known, ...others.flatMap((each) => entriesAfter(each, 0))];
  // Of a log that had no line yet the first file may have gone since.
  const lost = file === BEGINNING.file ? files.length > 1 : index < 0;
  return { entries, position: endOf(files), lost };
}

function endOf(files: readonly LogFile[]): string {
  const last = files.at(-1);
  return positionText(last === undefined ? BEGINNING : { file: last.file, offset: last.bytes.length });
}

function entriesAfter({ file, bytes }: LogFile, start: number): readonly LogEntry[] {
  const entries: LogEntry[] = [];
  for (let [from, end] = [start, 0]; (end = bytes.indexOf(NEWLINE, from)) >= 0; from = end + 1) {
    if (end === from) continue;
    const line = bytes.toString("utf8", from, end);
    entries.push({ line, position: positionText({ file, offset: end + 1 }) });
  }
  return entries;
}
