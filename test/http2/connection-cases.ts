import { data, FLAG, FRAME, frame, hpack, ping, PREFACE, settings } from "../support/http2-frames.ts";
import { END, get, GET, post, zeros, type ConformanceSection } from "./conformance-case.ts";

const BLOCK = hpack(GET);
const UNKNOWN = 0x16;
const HUGE = 16_385;
const NO_SUCH_INDEX = Buffer.of(0xff, 0x80, 0x01);

export const CONNECTION_CASES: readonly ConformanceSection[] = [
  {
    section: "3.4 preface",
    cases: [
      { name: "a second preface", sends: [PREFACE], expects: ["CONNECTION FRAME_SIZE_ERROR"] },
      {
        name: "SETTINGS and a request at once, before ours came",
        sends: [settings(), get()],
        expects: ["answered"],
      },
    ],
  },
  {
    section: "4.1 frame format",
    cases: [
      { name: "a frame of an unknown type", sends: [zeros(UNKNOWN, 0, 0, 8), get()], expects: ["answered"] },
      {
        name: "an unknown frame on a stream that is idle",
        sends: [zeros(UNKNOWN, 0xff, 3, 8), get()],
        expects: ["answered"],
      },
      {
        name: "flags that are not defined",
        sends: [frame(FRAME.ping, 0xfe & ~FLAG.ack, 0, Buffer.alloc(8)), get()],
        expects: ["answered"],
      },
      {
        name: "the reserved bit of the stream identifier",
        sends: [reserved(ping()), reserved(get())],
        expects: ["answered"],
      },
    ],
  },
  {
    section: "4.2 frame size",
    cases: [
      {
        name: "DATA of 16,384 bytes",
        sends: [post(), data(1, Buffer.alloc(16_384), FLAG.endStream)],
        expects: ["answered"],
      },
      {
        name: "DATA larger than SETTINGS_MAX_FRAME_SIZE",
        sends: [post(), zeros(FRAME.data, FLAG.endStream, 1, HUGE)],
        expects: ["CONNECTION FRAME_SIZE_ERROR", "STREAM FRAME_SIZE_ERROR"],
      },
      {
        name: "HEADERS larger than SETTINGS_MAX_FRAME_SIZE",
        sends: [frame(FRAME.headers, END, 1, Buffer.concat([BLOCK, Buffer.alloc(HUGE)]))],
        expects: ["CONNECTION FRAME_SIZE_ERROR"],
      },
      {
        name: "an unknown frame larger than SETTINGS_MAX_FRAME_SIZE",
        sends: [zeros(UNKNOWN, 0, 0, HUGE)],
        expects: ["CONNECTION FRAME_SIZE_ERROR"],
      },
      {
        name: "SETTINGS larger than SETTINGS_MAX_FRAME_SIZE",
        sends: [zeros(FRAME.settings, 0, 0, 16_386)],
        expects: ["CONNECTION FRAME_SIZE_ERROR"],
      },
    ],
  },
  {
    section: "4.3 header compression",
    cases: [
      {
        name: "a block that cannot be decompressed",
        sends: [frame(FRAME.headers, END, 1, NO_SUCH_INDEX)],
        expects: ["CONNECTION COMPRESSION_ERROR"],
      },
      {
        name: "a block that cannot be decompressed, in CONTINUATION",
        sends: [
          frame(FRAME.headers, FLAG.endStream, 1, BLOCK),
          frame(FRAME.continuation, FLAG.endHeaders, 1, NO_SUCH_INDEX),
        ],
        expects: ["CONNECTION COMPRESSION_ERROR"],
      },
      {
        name: "a block that cannot be decompressed, in trailers",
        sends: [post(), frame(FRAME.headers, END, 1, NO_SUCH_INDEX)],
        expects: ["CONNECTION COMPRESSION_ERROR"],
      },
      {
        name: "PRIORITY within a block",
        sends: [frame(FRAME.headers, FLAG.endStream, 1, BLOCK), zeros(FRAME.priority, 0, 1, 5)],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "HEADERS of another stream within a block",
        sends: [frame(FRAME.headers, FLAG.endStream, 1, BLOCK), get(3)],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
      {
        name: "an unknown frame within a block",
        sends: [frame(FRAME.headers, FLAG.endStream, 1, BLOCK), zeros(UNKNOWN, 0, 1, 0)],
        expects: ["CONNECTION PROTOCOL_ERROR"],
      },
    ],
  },
];

/** The same frame with the bit set that receivers ignore. */
function reserved(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(5) | 0x80, 5);
  return copy;
}
