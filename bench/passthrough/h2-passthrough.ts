import {
  connect,
  constants,
  createServer,
  type ClientHttp2Stream,
  type Http2Stream,
  type ServerHttp2Stream,
  type ServerStreamResponseOptions,
} from "node:http2";
import type { AddressInfo } from "node:net";

// The yardstick for HTTP/2: what a proxy costs on node:http2's streams when it checks nothing, limits nothing and
// changes nothing. Headers go through as flat lists, bodies with back-pressure, resets both ways, trailers where there is
// no Content-Length. Takes the app's port, prints its own.
const app = connect(`http://127.0.0.1:${process.argv[2]}`);

interface ResponseOptions extends ServerStreamResponseOptions {
  readonly sendDate: boolean;
}

function hasNoLength(flat: readonly string[]): boolean {
  return !flat.includes("content-length");
}

/** Bytes and back-pressure from one stream to another; trailers where `to` waits for them. */
function pour(from: Http2Stream, to: Http2Stream): void {
  from.on("data", (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => to.end());
}

function passTrailers(from: Http2Stream, to: ServerHttp2Stream | ClientHttp2Stream): void {
  let trailers = {};
  from.on("trailers", (fields) => (trailers = fields));
  to.on("wantTrailers", () => to.sendTrailers(trailers));
}

function ignore(): void {}

function forward(stream: ServerHttp2Stream, flags: number, flat: readonly string[]): void {
  const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
  const request = app.request([...flat], { endStream });
  stream.on("error", ignore);
  request.on("error", ignore);
  stream.on("close", () => request.close(stream.rstCode));
  request.on("close", () => {
    if (request.rstCode !== constants.NGHTTP2_NO_ERROR) stream.close(request.rstCode);
  });
  if (!endStream) pour(stream, request);
  request.on("response", (_headers, responseFlags, raw?: string[]) => {
    const ended = (responseFlags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const head = raw ?? [];
    const options: ResponseOptions = {
      endStream: ended,
      sendDate: false,
      waitForTrailers: !ended && hasNoLength(head),
    };
    if (options.waitForTrailers === true) passTrailers(request, stream);
    stream.respond([...head], options);
    if (!ended) pour(request, stream);
  });
}

const server = createServer();
server.on("stream", (stream: ServerHttp2Stream, _headers, flags, flat) => forward(stream, flags, flat));
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
