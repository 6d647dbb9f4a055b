import { PassThrough } from "node:stream";

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { passWholeLines } from "./whole-lines.ts";

/** What comes out when `chunks` go in, piece by piece. */
async function passed(chunks: readonly Buffer[]): Promise<readonly string[]> {
  const stream = new PassThrough();
  const pieces: string[] = [];
  const over = passWholeLines(stream, (lines) => pieces.push(lines));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await over;
  return pieces;
}

test("however the bytes are cut, every piece ends with a line and nothing is lost", async () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "é", "😀", "\n"), maxLength: 40 }), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 7 }), async (lines, size) => {
      const bytes = Buffer.from(`${lines.join("\n")}\n`);
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );

      const pieces = await passed(chunks);

      expect(pieces.join("")).toBe(bytes.toString());
      expect(pieces.every((piece) => piece.endsWith("\n"))).toBe(true);
    }),
  );
});

test("a last line without an end gets one", async () => {
  expect(await passed([Buffer.from("one\ntw"), Buffer.from("o")])).toEqual(["one\n", "two\n"]);
});

test("what never ends a line is cut", async () => {
  const pieces = await passed(Array.from({ length: 33 }, () => Buffer.alloc(64 * 1024, "a")));

  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.every((piece) => piece.endsWith("\n"))).toBe(true);
});
