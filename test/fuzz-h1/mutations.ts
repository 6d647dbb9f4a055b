import type { Random } from "./random.ts";

/** Bytes at which parsers turn. */
const TURNS = [0, 9, 10, 13, 32, 34, 35, 44, 47, 48, 58, 59, 61, 64, 92, 127, 128, 255] as const;

/** Up to three small damages, each of which may leave the bytes legal. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let damaged = bytes;
  for (let i = 0; i <= random.below(3) && damaged.length > 0; i++) damaged = damage(random, damaged);
  return damaged;
}

function damage(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length);
  const before = bytes.subarray(0, at);
  const byte = Buffer.of(random.once(3) ? random.below(256) : random.pick(TURNS));
  switch (random.below(7)) {
    case 0:
      return Buffer.concat([before, byte, bytes.subarray(at + 1)]);
    case 1:
      return Buffer.concat([before, byte, bytes.subarray(at)]);
    case 2:
      return Buffer.concat([before, bytes.subarray(at + 1)]);
    case 3:
      return repeatLine(bytes, at);
    case 4:
      return withoutLineEnd(bytes, at);
    case 5:
      return Buffer.concat([
        before,
        Buffer.from(random.pick(["\r\n", "\n", "\r", "\r\n ", "\r\n\r\n"])),
        bytes.subarray(at),
      ]);
    default:
      return random.once(4) ? before : bytes;
  }
}

/** The line around `at` once more. */
function repeatLine(bytes: Buffer, at: number): Buffer {
  const start = at === 0 ? 0 : bytes.lastIndexOf("\n", at - 1) + 1;
  const end = bytes.indexOf("\n", at) + 1;
  if (end === 0) return bytes;
  return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start, end), bytes.subarray(end)]);
}

/** The next CRLF becomes a line feed alone. */
function withoutLineEnd(bytes: Buffer, at: number): Buffer {
  const end = bytes.indexOf("\r\n", at);
  return end < 0 ? bytes : Buffer.concat([bytes.subarray(0, end), bytes.subarray(end + 1)]);
}
