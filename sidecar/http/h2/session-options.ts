import type { ClientSessionOptions, ServerSessionOptions } from "node:http2";

import type { WireLimits } from "../limits.ts";

const MIB = 1024 * 1024;

/** What a field costs beyond its bytes (RFC 9113 §6.5.2). */
const FIELD_OVERHEAD = 32;

/** Pseudo-headers of a request. */
const PSEUDO_HEADERS = 4;

/** node resets streams with more fields without a word: so many more than are taken are read, and answered 431. */
const READ_BEYOND = 4;

/**
 * Beyond this many resets by the client, refilled at 33 a second, nghttp2 ends the session (CVE-2023-44487). Its own
 * default: a client whose calls run into their deadlines all at once resets as many as it may have open, a few times.
 */
const RESET_BURST = 1000;
const RESET_RATE = 33;

/**
 * Empty DATA frames, which are legal, and broken rules, in all the life of a session: node never forgets one, and a
 * session that many share lives for days. What is too much at a time is told by nghttp2 and `FloodGuard`, which forget.
 */
const INVALID_FRAMES = 1_000_000;

/** Bytes that one session may hold, in node's unit, which refuses further streams beyond it. */
function sessionMemory(limits: WireLimits): number {
  // What waits to be read or written, and the heads on their way in and out.
  const perStream = 2 * limits.highWater + 3 * limits.headBytes;
  return Math.max(10, Math.ceil((limits.h2Streams * perStream) / MIB));
}

function sharedOptions(limits: WireLimits): ServerSessionOptions & ClientSessionOptions {
  return {
    maxSessionMemory: sessionMemory(limits),
    maxSettings: 32,
    maxSessionInvalidFrames: INVALID_FRAMES,
    // An answer that repeats a field passes as it came.
    strictSingleValueFields: false,
  };
}

function headerListBytes(limits: WireLimits): number {
  return limits.headBytes + FIELD_OVERHEAD * (limits.headFields + PSEUDO_HEADERS);
}

export function serverSessionOptions(limits: WireLimits): ServerSessionOptions {
  return {
    ...sharedOptions(limits),
    maxHeaderListPairs: READ_BEYOND * limits.headFields + PSEUDO_HEADERS,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESET_RATE,
    settings: {
      enablePush: false,
      maxConcurrentStreams: limits.h2Streams,
      maxHeaderListSize: headerListBytes(limits),
    },
  };
}

export function clientSessionOptions(limits: WireLimits): ClientSessionOptions {
  return {
    ...sharedOptions(limits),
    maxHeaderListPairs: limits.headFields + PSEUDO_HEADERS,
    settings: { enablePush: false, maxHeaderListSize: headerListBytes(limits) },
  };
}
