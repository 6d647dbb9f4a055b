import * as fc from "fast-check";
import { expect, test } from "vitest";

import { decodeFrame, encodeFrame } from "./frame-codec.ts";
import type { HostFrame, Load } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { anyFrame } from "./testing/any-frame.ts";
import { genericDecode, genericEncode, genericForm } from "./testing/generic-codec.ts";
import { MAX_ITEMS } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

test("what the codec writes, a generic protobuf decoder reads alike", () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      expect(genericDecode(encode(frame))).toEqual(genericForm(frame));
    }),
    { numRuns: 1500 },
  );
});

test("what a generic protobuf encoder writes, the codec reads alike", () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      expect(decodeFrame(genericEncode(genericForm(frame)))).toEqual(frame);
    }),
    { numRuns: 1500 },
  );
});

test("frames written one after the other come back as they were, also when they outgrow the writer's buffer", () => {
  const writer = new WireWriter();
  const large = loadOf("x".repeat(200_000));
  const frames: HostFrame[] = [
    { kind: "ping", sequence: 1, timers: "due" },
    large,
    { kind: "cancel", id: 7 },
  ];

  for (const frame of frames) encodeFrame(writer, frame);
  const bytes = writer.take();

  expect(split(bytes).map((part) => decodeFrame(part))).toEqual(frames);
});

test("bytes that were taken stay as they are while more is written", () => {
  const writer = new WireWriter();
  encodeFrame(writer, { kind: "ping", sequence: 1, timers: "due" });
  const taken = writer.take();
  const before = Buffer.from(taken);

  for (let i = 0; i < 10_000; i++) encodeFrame(writer, { kind: "pong", sequence: i });

  expect(taken).toEqual(before);
});

test("hostile bytes give a typed error or a frame, nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(outcome(Buffer.from(bytes))).toMatch(/^(frame|refused)$/);
    }),
    { numRuns: 5000 },
  );
});

test("frames with some bytes changed, cut or put in give a typed error or a frame, nothing else", () => {
  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), remove: fc.nat(2) });
  fc.assert(
    fc.property(anyFrame, fc.array(change, { minLength: 1, maxLength: 4 }), (frame, changes) => {
      const bytes = [...encode(frame)];
      for (const { at, byte, remove } of changes) bytes.splice(at % (bytes.length + 1), remove, byte);
      expect(outcome(Buffer.from(bytes))).toMatch(/^(frame|refused)$/);
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ["a frame without a message", []],
  ["a message that nobody knows", [0x7a, 0]],
  ["a length over what is there", [0x32, 0xff, 0xff, 0xff, 0x0f, 1]],
  ["a nested length that leaves its message", [0x32, 2, 0x2a, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ["a number that never ends", [0x32, 12, 0x08, ...Array<number>(11).fill(0xff)]],
  ["a number over 32 bits where 32 belong", [0x32, 7, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ["a number over 2^53", [0x32, 11, 0x20, ...Array<number>(9).fill(0xff), 0x01]],
  ["a text where a number belongs", [0x32, 2, 0x0a, 0]],
  ["a group", [0x32, 1, 0x83]],
  ["two messages in one frame", [0x42, 0, 0x42, 0]],
  ["an unknown failure cause", [0x1a, 6, 0x12, 4, 0x0a, 2, 0x68, 0x69]],
])("%s is refused", (_what, bytes) => {
  expect(() => decodeFrame(Buffer.from(bytes))).toThrow(ProtocolError);
});

test("a small frame cannot ask for many times its size in items", () => {
  const writer = new WireWriter();
  const start = writer.beginFrame();
  const message = writer.begin(7);
  for (let i = 0; i <= MAX_ITEMS; i++) writer.end(writer.begin(2));
  writer.end(message);
  writer.endFrame(start);

  expect(() => decodeFrame(writer.take().subarray(4))).toThrow(/items/);
});

function encode(frame: HostFrame): Buffer {
  const writer = new WireWriter();
  encodeFrame(writer, frame);
  const [only] = split(writer.take());
  return only ?? Buffer.alloc(0);
}

function split(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32LE(at);
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}

/** Any other error than a ProtocolError comes through. */
function outcome(bytes: Buffer): string {
  try {
    return "kind" in decodeFrame(bytes) ? "frame" : "nothing";
  } catch (error) {
    if (error instanceof ProtocolError) return "refused";
    throw error;
  }
}

function loadOf(source: string): Load {
  return {
    kind: "load",
    generation: 1,
    plugin: "tagger",
    version: "1.0.0",
    source,
    configJson: "{}",
    cpuMicros: 10_000,
    timeoutMs: 50,
    memoryBytes: 32 << 20,
    hookTimeoutMs: 1000,
    keyValue: false,
    entries: [],
    keyValueBytes: 0,
    keyValueKeys: 0,
    fetch: [],
    positions: [0, 1],
    tag: "",
    compileOnly: false,
  };
}
