import * as fc from "fast-check";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { withoutHopByHop } from "../../../core/headers/hop-by-hop.ts";
import { KNOWN_NAMES } from "../../../core/headers/known-fields.ts";
import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { type ChunkedRead, ChunkedReader } from "./chunked-reader.ts";
import { chunkSizeLine, lastChunk, wholeChunk } from "./chunked-writer.ts";
import { requestHeadText, responseHeadText } from "./head-writer.ts";
import type { Framing, HeadRead, HeadReader } from "./message.ts";
import { RequestReader } from "./request-reader.ts";
import { ResponseReader } from "./response-reader.ts";

const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/);
const fieldName = token.filter((name) => !(KNOWN_NAMES as readonly string[]).includes(name.toLowerCase()));
const fieldValue = fc
  .string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((char) => String.fromCharCode(char)),
    maxLength: 60,
  })
  .map((value) => value.replaceAll("\u007f", "").replace(/^[ \t]+|[ \t]+$/g, ""));
const fields = fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 20 }).map((pairs) => pairs.flat());
const path = fc.stringMatching(/^\/[!"$-~]{0,80}$/);
const host = fc.stringMatching(/^[a-z0-9.-]{1,20}(:[1-9][0-9]{0,3})?$/);
const method = token.filter((name) => name !== "CONNECT");
const framing: fc.Arbitrary<Framing> = fc.oneof(
  fc.constant<Framing>({ kind: "none" }),
  fc.constant<Framing>({ kind: "chunked" }),
  fc.maxSafeNat().map((length): Framing => ({ kind: "length", length })),
);

/** The text in pieces cut at these places (any numbers), read until something comes of it. */
function readCut<Parsed>(
  reader: HeadReader<Parsed>,
  text: string,
  cuts: readonly number[],
): HeadRead<Parsed> {
  const bytes = Buffer.from(text, "latin1");
  const places = [...cuts.map((cut) => cut % bytes.length), bytes.length].toSorted((a, b) => a - b);
  let from = 0;
  for (const place of places) {
    const read = reader.read(bytes.subarray(from, place), 0);
    // `next` counts from the start of a chunk; the whole is what callers of this compare.
    if (read.kind !== "more") return read.kind === "head" ? { ...read, next: from + read.next } : read;
    from = place;
  }
  return { kind: "more" };
}

const cuts = fc.array(fc.nat(), { maxLength: 8 });

test("any request head that is written is read as it was written, whole or in pieces", () => {
  fc.assert(
    fc.property(
      method,
      path,
      host,
      fields,
      framing,
      cuts,
      (method, target, authority, flat, framing, cuts) => {
        const headers = HeaderBlock.fromFlat(flat);
        const text = requestHeadText({ method, target, authority, headers, upgrade: false }, framing);

        const read = readCut(new RequestReader(DEFAULT_WIRE_LIMITS), `${text}behind`, cuts);

        expect(read).toMatchObject({ kind: "head", next: text.length, parsed: { framing, keepAlive: true } });
        if (read.kind !== "head") return;
        const { head } = read.parsed;
        expect(head).toMatchObject({ protocol: "http/1.1", method, target, authority });
        expect(withoutHopByHop(head.headers).toFlat()).toEqual(["Host", authority, ...flat]);
      },
    ),
    { numRuns: 1000 },
  );
});

test("any answer's head that is written is read as it was written, whole or in pieces", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 599 }),
      fields,
      framing,
      fc.boolean(),
      cuts,
      (status, flat, framing, close, cuts) => {
        const bodiless = status === 204 || status === 304;
        const text = responseHeadText({ status, headers: HeaderBlock.fromFlat(flat) }, framing, { close });
        const reader = new ResponseReader(DEFAULT_WIRE_LIMITS);
        reader.expect({ method: "GET", upgrade: false });

        const read = readCut(reader, `${text}behind`, cuts);

        const expected = bodiless ? { kind: "none" } : framing.kind === "none" ? { kind: "close" } : framing;
        expect(read).toMatchObject({ kind: "head", next: text.length, parsed: { framing: expected } });
        if (read.kind !== "head") return;
        expect(read.parsed.keepAlive).toBe(!close && expected.kind !== "close");
        expect(withoutHopByHop(read.parsed.head.headers).toFlat()).toEqual(flat);
      },
    ),
    { numRuns: 1000 },
  );
});

test("any body that is written in chunks is read as it was written, whole or in pieces", () => {
  const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const trailerName = fieldName.map((name) => `x-${name}`);
  const trailers = fc.array(
    fc.tuple(
      trailerName.filter((name) => !/^x-mesh-/i.test(name)),
      fieldValue,
    ),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), trailers, cuts, (chunks, trailers, cuts) => {
      const flat = trailers.flat();
      const last = lastChunk(flat.length === 0 ? undefined : HeaderBlock.fromFlat(flat));
      const wire = Buffer.concat([
        ...chunks.map((bytes) => wholeChunk(Buffer.from(bytes))),
        Buffer.from(last, "latin1"),
      ]);

      const [body, end] = readChunked(wire, cuts);

      expect(body).toEqual(Buffer.concat(chunks));
      expect(end.kind === "end" && (end.trailers?.toFlat() ?? [])).toEqual(flat);
    }),
    { numRuns: 1000 },
  );
});

function readChunked(wire: Buffer, cuts: readonly number[]): [Buffer, ChunkedRead] {
  const reader = new ChunkedReader(DEFAULT_WIRE_LIMITS, "response");
  const delivered: Buffer[] = [];
  const places = [...cuts.map((cut) => cut % wire.length), wire.length].toSorted((a, b) => a - b);
  let from = 0;
  let read: ChunkedRead = { kind: "more" };
  for (const place of places) {
    const piece = wire.subarray(from, place);
    from = place;
    read = reader.read(piece, 0);
    for (; read.kind === "data"; read = reader.read(piece, read.next)) delivered.push(read.bytes);
  }
  return [Buffer.concat(delivered), read];
}

test("a size line and a whole chunk begin alike", () => {
  expect(wholeChunk(Buffer.alloc(31)).toString("latin1").startsWith(chunkSizeLine(31))).toBe(true);
});

/** Heads that were nearly legal: one thing in them is not what it was. */
const mutated = fc
  .record({
    flat: fields,
    at: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
    how: fc.constantFrom("set", "cut", "add"),
  })
  .map(({ flat, at, byte, how }) => {
    const lines = ["Content-Length: 5", "Connection: keep-alive, x-a"];
    const head = { method: "POST", target: "/a?b", authority: "a.example", upgrade: false };
    const text = requestHeadText({ ...head, headers: HeaderBlock.fromFlat(flat) }, { kind: "none" });
    const bytes = Buffer.from(text.replace("\r\n\r\n", `\r\n${lines.join("\r\n")}\r\n\r\n`), "latin1");
    const place = at % bytes.length;
    const middle = how === "cut" ? [] : [byte];
    return Buffer.concat([
      bytes.subarray(0, place),
      Buffer.from(middle),
      bytes.subarray(how === "add" ? place : place + 1),
    ]);
  });

test("a head split at every byte comes to what it comes to whole, be it legal or not", () => {
  fc.assert(
    fc.property(mutated, (bytes) => {
      const whole = new RequestReader(DEFAULT_WIRE_LIMITS).read(bytes, 0);
      const split = new RequestReader(DEFAULT_WIRE_LIMITS);
      let read: ReturnType<typeof split.read> = { kind: "more" };
      for (let at = 0; at < bytes.length && read.kind === "more"; at++) {
        read = split.read(bytes.subarray(at, at + 1), 0);
        if (read.kind === "head") read = { ...read, next: at + 1 };
      }

      expect(read).toEqual(whole);
    }),
    { numRuns: 1000 },
  );
});

test("whatever head is accepted can be sent on, and reads the same behind this hop", () => {
  fc.assert(
    fc.property(mutated, (bytes) => {
      const first = new RequestReader(DEFAULT_WIRE_LIMITS).read(bytes, 0);
      if (first.kind !== "head") return;
      const { head, framing } = first.parsed;
      const headers = withoutHopByHop(head.headers);
      const sent = Buffer.from(requestHeadText({ ...head, headers }, framing), "latin1");

      const second = new RequestReader(DEFAULT_WIRE_LIMITS).read(sent, 0);

      if (second.kind !== "head") throw new Error("what was sent on is not legal");
      expect(second.next).toBe(sent.length);
      expect(second.parsed.framing).toEqual(framing);
      expect(second.parsed.head).toMatchObject({
        method: head.method,
        target: head.target,
        authority: head.authority,
      });
      expect(withoutHopByHop(second.parsed.head.headers).toFlat()).toEqual(headers.toFlat());
    }),
    { numRuns: 2000 },
  );
});
