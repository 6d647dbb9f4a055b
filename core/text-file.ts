import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/**
 * The text of a file that a person wrote. Throws an `Error` that says what is wrong with one that is not there, no
 * regular file (reading a pipe or a device might never end), longer than `limit` bytes or no UTF-8.
 */
export async function readTextFile(path: string, limit: number): Promise<string> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (!(await file.stat()).isFile()) throw new Error(`${path} is not a file`);
  const bytes = await upTo(file, limit + 1);
  if (bytes.length > limit) throw new Error(`${path} is longer than ${limit} bytes`);
  const text = textOf(bytes);
  if (text === undefined) throw new Error(`${path} ${NO_TEXT}`);
  return text;
}

/** What is said of bytes that are no text. */
export const NO_TEXT = "is not valid UTF-8";

/** The text that a person wrote, without a byte order mark; undefined: these bytes are none. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Never more, however the file grows meanwhile. */
async function upTo(file: FileHandle, limit: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const stream = file.createReadStream({ start: 0, end: limit - 1, autoClose: false });
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
