import { constants } from "node:http2";

import {
  data,
  FLAG,
  FRAME,
  frame,
  goaway,
  headers,
  hpack,
  resetStream,
  windowUpdate,
} from "../support/http2-frames.ts";
import { END, get, GET, post, zeros, type ConformanceSection } from "./conformance-case.ts";

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;
const BLOCK = hpack(GET);
const CONTINUATION = frame(FRAME.continuation, FLAG.endHeaders, 1, hpack([["x", "y"]]));
/**
 * nghttp2 keeps nothing of streams that are closed and cannot tell a late frame from a wrong one: it ignores both, and
 * node:http2 does not tell us of them (see "What is left to node:http2" in sidecar/http/h2/README.md).
 */
const IGNORED = [
  "CONNECTION STREAM_CLOSED",
  "STREAM STREAM_CLOSED",
  "CONNECTION PROTOCOL_ERROR",
  "ignored",
] as const;
const CLOSED = ["CONNECTION STREAM_CLOSED", "STREAM STREAM_CLOSED"] as const;

export const STREAM_CASES: readonly ConformanceSection[] = [
  {
    section: "5.1 idle streams",
    cases: [
      { name: "DATA", sends: [data(1, "test", FLAG.endStream)], expects: ["CONNECTION PROTOCOL_ERROR"] },
      {
        name: "RST_STREAM",
        sends: [resetStream(1, NGHTTP2_CANCEL)],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      { name: "WINDOW_UPDATE", sends: [windowUpdate(1, 100)], expects: ["CONNECTION PROTOCOL_ERROR"] },
      { name: "CONTINUATION", sends: [CONTINUATION], expects: ["CONNECTION PROTOCOL_ERROR"] },
      { name: "PRIORITY", sends: [priority(1, 0), get()], expects: ["answered"] },
    ],
  },
  {
    section: "5.1 half-closed streams",
    cases: [
      { name: "DATA", sends: [get(), data(1, "test", FLAG.endStream)], expects: CLOSED },
      { name: "HEADERS", sends: [get(), get()], expects: CLOSED },
      {
        name: "CONTINUATION",
        sends: [get(), CONTINUATION],
        expects: [...CLOSED, "CONNECTION PROTOCOL_ERROR"],
      },
      { name: "WINDOW_UPDATE", sends: [get(), windowUpdate(1, 100)], expects: ["answered"] },
      { name: "PRIORITY", sends: [get(), priority(1, 0)], expects: ["answered"] },
    ],
  },
  {
    section: "5.1 closed streams",
    cases: [
      {
        name: "DATA behind RST_STREAM",
        sends: [post(), resetStream(1, NGHTTP2_CANCEL), data(1, "test", FLAG.endStream)],
        expects: IGNORED,
      },
      {
        name: "HEADERS behind RST_STREAM",
        sends: [post(), resetStream(1, NGHTTP2_CANCEL), get()],
        expects: IGNORED,
      },
      {
        name: "CONTINUATION behind RST_STREAM",
        sends: [post(), resetStream(1, NGHTTP2_CANCEL), CONTINUATION],
        expects: [...CLOSED, "CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "DATA behind the answer",
        sends: [get(), "answer", data(1, "test", FLAG.endStream)],
        expects: IGNORED,
      },
      {
        name: "HEADERS behind the answer",
        sends: [get(), "answer", get()],
        expects: IGNORED,
      },
      {
        name: "CONTINUATION behind the answer",
        sends: [get(), "answer", CONTINUATION],
        expects: ["CONNECTION STREAM_CLOSED", "CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "PRIORITY, WINDOW_UPDATE and RST_STREAM behind the answer",
        sends: [get(), "answer", priority(1, 0), windowUpdate(1, 1), resetStream(1, NGHTTP2_NO_ERROR)],
        expects: ["ignored"],
      },
    ],
  },
  {
    section: "5.1.1 stream identifiers",
    cases: [
      {
        name: "an even identifier",
        sends: [get(2)],
        stream: 2,
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "an identifier below an earlier one",
        sends: [get(5), get(3)],
        stream: 3,
        expects: IGNORED,
      },
      {
        name: "the last identifier there is",
        sends: [get(2 ** 31 - 1 - 1000)],
        stream: 2 ** 31 - 1001,
        expects: ["answered"],
      },
    ],
  },
  {
    section: "5.3 priorities",
    cases: [
      {
        name: "HEADERS that depend on their own stream",
        sends: [frame(FRAME.headers, END | 0x20, 1, Buffer.concat([Buffer.of(0, 0, 0, 1, 15), BLOCK]))],
        // RFC 9113 deprecates priorities; RFC 7540 wants an error.
        expects: ["answered", "STREAM PROTOCOL_ERROR", "CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "PRIORITY that depends on its own stream",
        sends: [priority(1, 1), get()],
        expects: ["answered", "STREAM PROTOCOL_ERROR", "CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "HEADERS with a priority",
        sends: [frame(FRAME.headers, END | 0x20, 1, Buffer.concat([Buffer.of(0x80, 0, 0, 9, 255), BLOCK]))],
        expects: ["answered"],
      },
    ],
  },
  {
    section: "5.4, 7 errors",
    cases: [
      {
        name: "GOAWAY with an unknown code, while an answer is due",
        sends: [get(), goaway(0, 0xff)],
        expects: ["answered", "CONNECTION NO_ERROR"],
      },
      {
        name: "GOAWAY behind the answer, with nothing left to do",
        sends: [get(), "answer", goaway(0, NGHTTP2_NO_ERROR)],
        expects: ["CONNECTION NO_ERROR", "closed"],
      },
      {
        name: "RST_STREAM with an unknown code",
        sends: [post(1), resetStream(1, 0xff), get(3)],
        stream: 3,
        expects: ["answered"],
      },
      {
        name: "a GOAWAY on a stream",
        sends: [zeros(FRAME.goaway, 0, 1, 8)],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "a GOAWAY that is too short",
        sends: [zeros(FRAME.goaway, 0, 0, 7)],
        expects: ["CONNECTION FRAME_SIZE_ERROR"],
      },
      {
        name: "PUSH_PROMISE from a client",
        sends: [frame(5, FLAG.endHeaders, 1, Buffer.concat([Buffer.of(0, 0, 0, 2), BLOCK]))],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "PUSH_PROMISE from a client, on a stream that is open",
        sends: [post(), frame(5, FLAG.endHeaders, 1, Buffer.concat([Buffer.of(0, 0, 0, 2), BLOCK]))],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "HEADERS in the middle of a body that do not end it",
        sends: [
          post(),
          data(1, "x"),
          headers(1, [["x", "y"]], FLAG.endHeaders),
          data(1, "x", FLAG.endStream),
        ],
        expects: ["STREAM PROTOCOL_ERROR", "CONNECTION PROTOCOL_ERROR"],
      },
    ],
  },
];

function priority(stream: number, dependsOn: number): Buffer {
  const payload = Buffer.alloc(5);
  payload.writeUInt32BE(dependsOn);
  return frame(FRAME.priority, 0, stream, payload);
}
