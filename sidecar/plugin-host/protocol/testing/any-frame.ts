import * as fc from "fast-check";

import { FAILURE_CAUSES } from "../../../chain/verdict.ts";
import { IDLE_TIMERS, PLUGIN_LOG_LEVELS, type Failure, type HostFrame } from "../messages.ts";

// Every message of the link with every field, for tests of properties.

const uint32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff }));
const uint64 = fc.oneof(fc.nat(300), fc.maxSafeNat());
const byteChar = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const latin1 = fc.oneof(
  fc.string({ unit: byteChar, maxLength: 40 }),
  fc.string({ unit: byteChar, minLength: 120, maxLength: 400 }),
);
// Lone surrogates cannot cross in UTF-8.
const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 30 }), fc.constant("é€😀".repeat(60)));
const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const edits = fc.array(fc.record({ name: latin1, values: fc.array(latin1, { maxLength: 4 }) }), {
  maxLength: 4,
});
const failure: fc.Arbitrary<Failure> = fc.record({ cause: fc.constantFrom(...FAILURE_CAUSES), detail: text });
const perhapsFailure = fc.option(failure, { nil: undefined });
const keyValueEntries = fc.array(fc.record({ key: text, value: text, expiresAt: uint64 }), { maxLength: 4 });

const load = fc.record({
  kind: fc.constant("load" as const),
  generation: uint32,
  plugin: text,
  version: text,
  source: text,
  configJson: text,
  cpuMicros: uint32,
  timeoutMs: uint32,
  memoryBytes: uint32,
  hookTimeoutMs: uint32,
  keyValue: fc.boolean(),
  entries: keyValueEntries,
  keyValueBytes: uint32,
  keyValueKeys: uint32,
  fetch: fc.array(text, { maxLength: 3 }),
  positions: fc.array(fc.nat(0x7fff_ffff), { maxLength: 3 }),
  tag: text,
  compileOnly: fc.boolean(),
});

const run = fc.record({
  kind: fc.constant("run" as const),
  id: uint32,
  message: latin1,
  edits: latin1,
  entries: fc.array(fc.record({ generation: uint32, tag: latin1, stopOnFailure: fc.boolean() }), {
    maxLength: 5,
  }),
  background: fc.boolean(),
});

const ran = fc.record({
  kind: fc.constant("ran" as const),
  id: uint32,
  results: fc.array(
    fc.record({
      micros: uint32,
      httpCode: uint32,
      edits: latin1,
      body,
      failure: perhapsFailure,
      wallMicros: uint32,
    }),
    { maxLength: 4 },
  ),
});

const log = fc.record({
  kind: fc.constant("log" as const),
  generation: uint32,
  lines: fc.array(fc.record({ level: fc.constantFrom(...PLUGIN_LOG_LEVELS), text }), { maxLength: 4 }),
  dropped: uint32,
});

const fetch = fc.record({
  kind: fc.constant("fetch" as const),
  id: uint32,
  generation: uint32,
  method: text,
  url: text,
  headers: edits,
  body,
  timeoutMs: uint32,
});

/** Any message of the link, in the shape that the codec takes and gives. */
export const anyFrame: fc.Arbitrary<HostFrame> = fc.oneof(
  fc.record({ kind: fc.constant("hello" as const), nodeVersion: text, pid: fc.nat(0x7fff_ffff) }),
  load,
  fc.record({
    kind: fc.constantFrom("loaded" as const, "unloaded" as const),
    generation: uint32,
    error: perhapsFailure,
  }),
  fc.record({ kind: fc.constant("unload" as const), generation: uint32, abandon: fc.boolean() }),
  run,
  ran,
  fc.record({ kind: fc.constant("cancel" as const), id: uint32 }),
  fc.record({
    kind: fc.constant("ping" as const),
    sequence: uint32,
    timers: fc.constantFrom(...IDLE_TIMERS),
  }),
  fc.record({ kind: fc.constant("pong" as const), sequence: uint32 }),
  log,
  fetch,
  fc.record({
    kind: fc.constant("fetched" as const),
    id: uint32,
    status: uint32,
    headers: edits,
    body,
    error: text,
  }),
  fc.record({ kind: fc.constant("fault" as const), generation: uint32, failure, lost: fc.boolean() }),
  fc.record({
    kind: fc.constant("keyValue" as const),
    generation: uint32,
    set: keyValueEntries,
    deleted: fc.array(text, { maxLength: 4 }),
  }),
);
