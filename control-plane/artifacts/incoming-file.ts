import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";

import { tooLarge } from "./artifact-errors.ts";

/** Told of bytes before they are written; throws where there is no room for them. */
export type Reserve = (bytes: number) => void;

/** Writes a stream into a new file, hashing on the way; synced when it resolves. */
export async function receiveFile(
  path: string,
  source: AsyncIterable<Uint8Array>,
  limit: number,
  reserve: Reserve,
): Promise<{ readonly digest: string; readonly size: number }> {
  await using file = await open(path, "wx", 0o600);
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    reserve(chunk.byteLength);
    hash.update(chunk);
    await writeAll(file, chunk);
  }
  await file.sync();
  return { digest: hash.digest("hex"), size };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.byteLength;) {
    const { bytesWritten } = await file.write(chunk, written);
    written += bytesWritten;
  }
}
