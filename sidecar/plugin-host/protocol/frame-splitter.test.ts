import * as fc from "fast-check";
import { expect, test } from "vitest";

import { FrameSplitter, MAX_FRAME_BYTES } from "./frame-splitter.ts";
import { ProtocolError } from "./protocol-error.ts";

test("frames come out whole and in order however the link split them", () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (contents, sizes) => {
      const seen: Buffer[] = [];
      const splitter = new FrameSplitter((buffer, from, to) =>
        seen.push(Buffer.from(buffer.subarray(from, to))),
      );

      const bytes = Buffer.concat(contents.map(framed));
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        // As a socket does: the same buffer for every read.
        const chunk = Buffer.from(bytes.subarray(at, at + size));
        splitter.push(chunk);
        chunk.fill(0xee);
        at += size;
      }

      expect(seen).toEqual(contents.map((content) => Buffer.from(content)));
    }),
    { numRuns: 1000 },
  );
});

test("a length over the limit is refused as soon as it is read", () => {
  const splitter = new FrameSplitter(() => {});
  const length = Buffer.alloc(4);
  length.writeUInt32LE(MAX_FRAME_BYTES + 1);

  expect(() => splitter.push(length)).toThrow(ProtocolError);
});

function framed(content: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + content.length);
  bytes.writeUInt32LE(content.length);
  bytes.set(content, 4);
  return bytes;
}
