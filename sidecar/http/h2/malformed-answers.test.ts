import { constants } from "node:http2";
import { expect, test } from "vitest";

import { systemClock } from "../../../core/clock.ts";
import {
  data,
  FLAG,
  FRAME,
  frame,
  headers,
  resetStream,
  windowUpdate,
  type Field,
} from "../../../test/support/http2-frames.ts";
import { Answer, request } from "../../../test/support/pooled-call.ts";
import { RawHttp2App } from "../../../test/support/raw-http2-app.ts";
import { Deadlines } from "../deadlines.ts";
import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { ClientPool } from "./client-pool.ts";

const END = FLAG.endHeaders | FLAG.endStream;
const OK_STATUS: Field = [":status", "200"];

/** What becomes of a request whose app answers it with these frames. */
async function answered(frames: (stream: number) => readonly Buffer[]): Promise<string> {
  await using app = await RawHttp2App.start((_connection, stream, send) => send(...frames(stream)));
  await using pool = new ClientPool({
    endpoint: { host: "127.0.0.1", port: app.port },
    limits: DEFAULT_WIRE_LIMITS,
    deadlines: new Deadlines(systemClock, 5),
  });
  const answer = new Answer();
  pool.request(request(), answer);
  return await answer.result();
}

const HEADS: readonly (readonly [what: string, fields: readonly Field[]])[] = [
  ["an upper-case name", [OK_STATUS, ["X-Up", "1"]]],
  ["transfer-encoding", [OK_STATUS, ["transfer-encoding", "chunked"]]],
  ["connection", [OK_STATUS, ["connection", "close"]]],
  ["no :status", [["a", "b"]]],
  ["two :status", [OK_STATUS, OK_STATUS]],
  ["a :status behind a field", [["a", "b"], OK_STATUS]],
  ["a :status that is none", [[":status", "20x"]]],
  ["a pseudo-header of requests", [OK_STATUS, [":method", "GET"]]],
  ["101", [[":status", "101"]]],
  ["103 as its end", [[":status", "103"]]],
  ["a content-length without a body", [OK_STATUS, ["content-length", "4"]]],
  ["a content-length that is no number", [OK_STATUS, ["content-length", "+0"]]],
  ["two content-lengths", [OK_STATUS, ["content-length", "0"], ["content-length", "0"]]],
];

test("an answer whose length no number holds is invalid", async () => {
  const fields: Field[] = [OK_STATUS, ["content-length", "9007199254740993"]];

  expect(await answered((stream) => [headers(stream, fields, FLAG.endHeaders)])).toBe("upstream_invalid");
});

test.each(HEADS)("an answer with %s is invalid", async (_what, fields) => {
  expect(await answered((stream) => [headers(stream, fields, END)])).toBe("upstream_invalid");
});

const MESSAGES: readonly (readonly [what: string, frames: (stream: number) => readonly Buffer[]])[] = [
  ["DATA before its head", (stream) => [data(stream, "early"), headers(stream, [OK_STATUS], END)]],
  [
    "less DATA than content-length",
    (stream) => [
      headers(stream, [OK_STATUS, ["content-length", "9"]], FLAG.endHeaders),
      data(stream, "four", FLAG.endStream),
    ],
  ],
  [
    "more DATA than content-length",
    (stream) => [
      headers(stream, [OK_STATUS, ["content-length", "2"]], FLAG.endHeaders),
      data(stream, "four", FLAG.endStream),
    ],
  ],
  [
    "a pseudo-header in trailers",
    (stream) => [
      headers(stream, [OK_STATUS], FLAG.endHeaders),
      data(stream, "x"),
      headers(stream, [[":status", "200"]], END),
    ],
  ],
  [
    "an upper-case name in trailers",
    (stream) => [
      headers(stream, [OK_STATUS], FLAG.endHeaders),
      data(stream, "x"),
      headers(stream, [["X-Up", "1"]], END),
    ],
  ],
  [
    "trailers that do not end it",
    (stream) => [
      headers(stream, [OK_STATUS], FLAG.endHeaders),
      data(stream, "x"),
      headers(stream, [["a", "b"]], FLAG.endHeaders),
      data(stream, "y", FLAG.endStream),
    ],
  ],
  [
    "a window that overflows",
    (stream) => [
      headers(stream, [OK_STATUS], FLAG.endHeaders),
      windowUpdate(stream, 0x7fffffff),
      data(stream, "x", FLAG.endStream),
    ],
  ],
  [
    "DATA that is nothing but a wrong padding",
    (stream) => [
      headers(stream, [OK_STATUS], FLAG.endHeaders),
      frame(FRAME.data, 0x8 | FLAG.endStream, stream, Buffer.of(9, 0)),
    ],
  ],
  [
    "HPACK that cannot be read",
    (stream) => [frame(FRAME.headers, END, stream, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))],
  ],
];

test.each(MESSAGES)("an answer with %s is invalid", async (_what, frames) => {
  expect(await answered(frames)).toBe("upstream_invalid");
});

test.each(["x up", ""])("a field of an answer is dropped whose name is %j", async (name) => {
  expect(await answered((stream) => [headers(stream, [OK_STATUS, [name, "1"]], END)])).toBe("");
});

test("an app that resets a stream for reasons of its own broke no rule", async () => {
  const { NGHTTP2_INTERNAL_ERROR } = constants;

  expect(await answered((stream) => [resetStream(stream, NGHTTP2_INTERNAL_ERROR)])).toBe("upstream_reset");
});
