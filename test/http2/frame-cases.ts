import { constants } from "node:http2";

import {
  data,
  FLAG,
  FRAME,
  frame,
  headers,
  hpack,
  ping,
  settings,
  windowUpdate,
} from "../support/http2-frames.ts";
import { END, get, GET, post, zeros, type ConformanceSection } from "./conformance-case.ts";

const {
  NGHTTP2_SETTINGS_ENABLE_PUSH,
  NGHTTP2_SETTINGS_HEADER_TABLE_SIZE,
  NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
  NGHTTP2_SETTINGS_MAX_FRAME_SIZE,
} = constants;
const BLOCK = hpack(GET);
const PADDED = 8;
const PRIORITY = 0x20;

export const FRAME_CASES: readonly ConformanceSection[] = [
  {
    section: "6.1 DATA",
    cases: [
      { name: "stream 0", sends: [data(0, "test")], expects: ["CONNECTION PROTOCOL_ERROR"] },
      {
        name: "padding as long as the payload",
        sends: [post(), frame(FRAME.data, PADDED | FLAG.endStream, 1, Buffer.of(6, 1, 2, 3, 4, 5))],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "padding without a length",
        sends: [post(), zeros(FRAME.data, PADDED | FLAG.endStream, 1, 0)],
        expects: ["CONNECTION FRAME_SIZE_ERROR", "CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "nothing but padding",
        sends: [post(), frame(FRAME.data, PADDED | FLAG.endStream, 1, Buffer.of(5, 0, 0, 0, 0, 0))],
        expects: ["answered"],
      },
    ],
  },
  {
    section: "6.2 HEADERS",
    cases: [
      { name: "stream 0", sends: [get(0)], expects: ["CONNECTION PROTOCOL_ERROR"] },
      {
        name: "padding as long as the payload",
        sends: [frame(FRAME.headers, PADDED | END, 1, Buffer.concat([Buffer.of(BLOCK.length + 1), BLOCK]))],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "a priority that is cut",
        sends: [zeros(FRAME.headers, PRIORITY | END, 1, 4)],
        expects: ["CONNECTION FRAME_SIZE_ERROR", "CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "padding and a priority",
        sends: [
          frame(
            FRAME.headers,
            PADDED | PRIORITY | END,
            1,
            Buffer.concat([Buffer.of(2, 0, 0, 0, 0, 9), BLOCK, Buffer.alloc(2)]),
          ),
        ],
        expects: ["answered"],
      },
    ],
  },
  {
    section: "6.3 PRIORITY",
    cases: [
      {
        name: "stream 0",
        sends: [zeros(FRAME.priority, 0, 0, 5)],
        expects: ["CONNECTION PROTOCOL_ERROR", "ignored"],
      },
      {
        name: "a length other than 5",
        sends: [post(), zeros(FRAME.priority, 0, 1, 4)],
        expects: ["STREAM FRAME_SIZE_ERROR", "CONNECTION FRAME_SIZE_ERROR"],
      },
    ],
  },
  {
    section: "6.4 RST_STREAM",
    cases: [
      {
        name: "stream 0",
        sends: [zeros(FRAME.resetStream, 0, 0, 4)],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "a length other than 4",
        sends: [post(), zeros(FRAME.resetStream, 0, 1, 3)],
        expects: ["CONNECTION FRAME_SIZE_ERROR"],
      },
    ],
  },
  {
    section: "6.5 SETTINGS",
    cases: [
      {
        name: "an acknowledgement with a payload",
        sends: [zeros(FRAME.settings, FLAG.ack, 0, 6)],
        expects: ["CONNECTION FRAME_SIZE_ERROR"],
      },
      {
        name: "on a stream",
        sends: [zeros(FRAME.settings, 0, 1, 6)],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "a length that is no multiple of 6",
        sends: [zeros(FRAME.settings, 0, 0, 3)],
        expects: ["CONNECTION FRAME_SIZE_ERROR"],
      },
      {
        name: "ENABLE_PUSH of 2",
        sends: [settings([[NGHTTP2_SETTINGS_ENABLE_PUSH, 2]])],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "INITIAL_WINDOW_SIZE above 2^31-1",
        sends: [settings([[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 2 ** 31]])],
        expects: ["CONNECTION FLOW_CONTROL_ERROR"],
      },
      {
        name: "MAX_FRAME_SIZE below 16,384",
        sends: [settings([[NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16_383]])],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "MAX_FRAME_SIZE above 2^24-1",
        sends: [settings([[NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 2 ** 24]])],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      { name: "an unknown setting", sends: [settings([[0xff, 1]]), get()], expects: ["answered"] },
      {
        name: "a table of no bytes, and the last of several values",
        sends: [
          settings([
            [NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 4_096],
            [NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0],
          ]),
          get(),
        ],
        expects: ["answered"],
      },
      {
        name: "an acknowledgement that nothing is due to",
        sends: ["settled", zeros(FRAME.settings, FLAG.ack, 0, 0), get()],
        expects: ["answered", "CONNECTION PROTOCOL_ERROR"],
      },
    ],
  },
  {
    section: "6.7 PING",
    cases: [
      { name: "on a stream", sends: [zeros(FRAME.ping, 0, 1, 8)], expects: ["CONNECTION PROTOCOL_ERROR"] },
      {
        name: "a length other than 8",
        sends: [zeros(FRAME.ping, 0, 0, 6)],
        expects: ["CONNECTION FRAME_SIZE_ERROR"],
      },
      {
        // RFC 9113 says nothing of it; node takes it for a connection error.
        name: "an acknowledgement of what nobody sent",
        sends: [frame(FRAME.ping, FLAG.ack, 0, Buffer.from("invalid.")), ping(), get()],
        expects: ["answered", "CONNECTION PROTOCOL_ERROR"],
      },
    ],
  },
  {
    section: "6.9 WINDOW_UPDATE",
    cases: [
      {
        name: "an increment of 0 for the connection",
        sends: [windowUpdate(0, 0)],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "an increment of 0 for a stream",
        sends: [post(), windowUpdate(1, 0)],
        expects: ["STREAM PROTOCOL_ERROR", "CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "a length other than 4",
        sends: [zeros(FRAME.windowUpdate, 0, 0, 3)],
        expects: ["CONNECTION FRAME_SIZE_ERROR"],
      },
      {
        name: "a window of the connection above 2^31-1",
        sends: [windowUpdate(0, 2 ** 31 - 1), windowUpdate(0, 2 ** 31 - 1)],
        expects: ["CONNECTION FLOW_CONTROL_ERROR"],
      },
      {
        name: "a window of a stream above 2^31-1",
        sends: [post(), windowUpdate(1, 2 ** 31 - 1), windowUpdate(1, 2 ** 31 - 1)],
        expects: ["STREAM FLOW_CONTROL_ERROR", "CONNECTION FLOW_CONTROL_ERROR"],
      },
      {
        name: "SETTINGS that raise a stream's window above 2^31-1",
        sends: [
          post(),
          windowUpdate(1, 2 ** 31 - 1 - 65_535),
          settings([[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65_536]]),
        ],
        expects: ["CONNECTION FLOW_CONTROL_ERROR"],
      },
      {
        name: "a window that was closed and is opened behind the request",
        sends: [
          settings([[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0]]),
          get(),
          settings([[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65_535]]),
        ],
        expects: ["answered"],
      },
    ],
  },
  {
    section: "6.10 CONTINUATION",
    cases: [
      {
        name: "several, some empty",
        sends: [
          frame(FRAME.headers, FLAG.endStream, 1, BLOCK.subarray(0, 1)),
          zeros(FRAME.continuation, 0, 1, 0),
          frame(FRAME.continuation, 0, 1, BLOCK.subarray(1, 30)),
          frame(FRAME.continuation, FLAG.endHeaders, 1, BLOCK.subarray(30)),
        ],
        expects: ["answered"],
      },
      {
        name: "of another stream",
        sends: [
          frame(FRAME.headers, FLAG.endStream, 1, BLOCK),
          frame(FRAME.continuation, FLAG.endHeaders, 3, hpack([["x", "y"]])),
        ],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "stream 0",
        sends: [
          frame(FRAME.headers, FLAG.endStream, 1, BLOCK),
          frame(FRAME.continuation, FLAG.endHeaders, 0, hpack([["x", "y"]])),
        ],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "behind HEADERS that were complete",
        sends: [post(), frame(FRAME.continuation, FLAG.endHeaders, 1, hpack([["x", "y"]]))],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "behind CONTINUATION that was the last",
        sends: [
          frame(FRAME.headers, FLAG.endStream, 1, BLOCK),
          zeros(FRAME.continuation, FLAG.endHeaders, 1, 0),
          frame(FRAME.continuation, FLAG.endHeaders, 1, hpack([["x", "y"]])),
        ],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "behind DATA",
        sends: [post(), data(1, "x"), zeros(FRAME.continuation, FLAG.endHeaders, 1, 0)],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "DATA in its place",
        sends: [frame(FRAME.headers, 0, 1, BLOCK), data(1, "x", FLAG.endStream)],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "trailers in several",
        sends: [
          post(),
          data(1, "x"),
          headers(1, [["x", "y"]], FLAG.endStream),
          frame(FRAME.continuation, FLAG.endHeaders, 1, hpack([["z", "y"]])),
        ],
        expects: ["answered"],
      },
    ],
  },
];
