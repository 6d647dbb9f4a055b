import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import { fieldLines } from "./field-lines.ts";

/** What stands behind the bytes of each chunk. */
export const CHUNK_END = "\r\n";

/** The last chunk of a body without trailers, complete. */
export const LAST_CHUNK = "0\r\n\r\n";

/** The line before a chunk of `length` bytes, which must not be 0: that would end the body (RFC 9112 §7.1). */
export function chunkSizeLine(length: number): string {
  return `${length.toString(16)}\r\n`;
}

/** The last chunk and the trailers behind it. */
export function lastChunk(trailers: HeaderBlock | undefined): string {
  return trailers === undefined ? LAST_CHUNK : `0\r\n${fieldLines(trailers)}\r\n`;
}
