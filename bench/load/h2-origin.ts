import { createServer, type AddressInfo } from "node:net";

import { data, FLAG, FRAME, frame, PREFACE, settings, type Field } from "../../test/support/http2-frames.ts";
import { FrameReader, WIDE_WINDOW } from "./frame-reader.ts";
import { prepareHeaders, type PreparedHeaders } from "./prepared-headers.ts";
import { GRPC_MESSAGE } from "./requests.ts";

// The app of the bench for HTTP/2, as origin.ts is for HTTP/1.1: a request without a body is answered with a few bytes,
// one with a body as a unary call of gRPC. Prints its port.
const HELLO = Buffer.from("hello from the app\n");
const GET_FIELDS = prepareHeaders(
  [
    ["server", "origin"],
    ["content-type", "text/plain"],
    ["cache-control", "no-cache"],
    ["x-request-cost", "0.0001"],
    ["content-length", `${HELLO.length}`],
  ],
  true,
);
const GRPC_HEAD: readonly Field[] = [
  ["content-type", "application/grpc"],
  ["grpc-accept-encoding", "identity,deflate,gzip"],
];
const GRPC_FIELDS = prepareHeaders(GRPC_HEAD, true);
const GRPC_TRAILERS = prepareHeaders([["grpc-status", "0"]]);
/** The trailers are in the table behind what the head put there, so the head's indices are one higher. */
const GRPC_HEAD_LATER = prepareHeaders([...GRPC_HEAD, ["grpc-status", "0"]], true).later.subarray(0, 3);

/** How much of the fields the peer knows already. */
type Known = keyof PreparedHeaders;

function getAnswer(stream: number, known: Known): Buffer {
  return Buffer.concat([
    frame(FRAME.headers, FLAG.endHeaders, stream, GET_FIELDS[known]),
    data(stream, HELLO, FLAG.endStream),
  ]);
}

function callAnswer(stream: number, known: Known): Buffer {
  const head = known === "later" ? GRPC_HEAD_LATER : GRPC_FIELDS[known];
  const ending = FLAG.endHeaders | FLAG.endStream;
  return Buffer.concat([
    frame(FRAME.headers, FLAG.endHeaders, stream, head),
    data(stream, GRPC_MESSAGE),
    frame(FRAME.headers, ending, stream, GRPC_TRAILERS[known]),
  ]);
}

/** Whether a peer's settings say that it keeps no table (SETTINGS_HEADER_TABLE_SIZE is 0). */
function keepsNoTable(settings: Buffer): boolean {
  for (let at = 0; at < settings.length; at += 6) {
    if (settings.readUInt16BE(at) === 1 && settings.readUInt32BE(at + 2) === 0) return true;
  }
  return false;
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.write(Buffer.concat([settings(), WIDE_WINDOW]));
  let known: Known = "first";
  let prefaceLeft = PREFACE.length;
  const reader = new FrameReader(
    (bytes) => socket.write(bytes),
    (type, flags, stream, payload) => {
      if (type === FRAME.settings && keepsNoTable(payload)) known = "literal";
      const ends = (flags & FLAG.endStream) !== 0;
      if (!ends || (type !== FRAME.headers && type !== FRAME.data)) return;
      socket.write(type === FRAME.headers ? getAnswer(stream, known) : callAnswer(stream, known));
      if (known === "first") known = "later";
    },
  );
  socket.on("data", (chunk: Buffer) => {
    const skipped = Math.min(prefaceLeft, chunk.length);
    prefaceLeft -= skipped;
    reader.push(chunk.subarray(skipped));
  });
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
