import { createHash } from "node:crypto";

/**
 * Where a line of a plugin's log ends: in which of its files, and after how many bytes of it. A file goes by its first
 * line, which has a time, so that a position outlives the renaming of files and the life of a sidecar.
 */
export interface LogPosition {
  readonly file: string;
  readonly offset: number;
}

/** Before the first line of a log that has none. */
export const BEGINNING: LogPosition = { file: "none", offset: 0 };

/** Bytes of a first line by which a file is known. */
export const IDENTITY_BYTES = 512;
const NEWLINE = 0x0a;

/** `head`: the first bytes of the file, `IDENTITY_BYTES` of them if there are as many. */
export function fileIdentity(head: Uint8Array): string {
  const end = head.subarray(0, IDENTITY_BYTES).indexOf(NEWLINE);
  const line = head.subarray(0, end < 0 ? IDENTITY_BYTES : end);
  return createHash("sha256").update(line).digest("hex").slice(0, 16);
}

export function positionText({ file, offset }: LogPosition): string {
  return `${file}-${offset}`;
}

/** Undefined: that is none of ours. */
export function parsePosition(text: string): LogPosition | undefined {
  const [, file, offset] = /^([0-9a-f]{16}|none)-(\d{1,15})$/.exec(text) ?? [];
  return file === undefined || offset === undefined ? undefined : { file, offset: Number(offset) };
}
