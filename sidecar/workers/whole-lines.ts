import type { Readable } from "node:stream";

const NEWLINE = 0x0a;
/** What is longer is cut into lines: something that never ends a line must not eat the memory. */
const LONGEST = 1024 * 1024;

/**
 * Passes a process's output on in pieces that end with a line, so that the lines of several processes on one output
 * are never mixed. Resolves when the output has ended.
 */
export async function passWholeLines(stream: Readable, pass: (lines: string) => void): Promise<void> {
  let rest: Buffer[] = [];
  let held = 0;
  const flush = (last: Buffer): void => {
    pass(Buffer.concat([...rest, last]).toString());
    rest = [];
    held = 0;
  };
  const hold = (piece: Buffer): void => {
    rest.push(piece);
    held += piece.length;
    if (held > LONGEST) flush(Buffer.of(NEWLINE));
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.on("data", (chunk: Buffer) => {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) flush(chunk.subarray(0, end));
    if (end < chunk.length) hold(chunk.subarray(end));
  });
  stream.on("error", () => {});
  stream.once("close", () => {
    if (held > 0) flush(Buffer.of(NEWLINE));
    resolve();
  });
  await promise;
}
