import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { performServerHandshake, type ServerHttp2Stream } from "node:http2";
import { createServer as createNetServer, type AddressInfo, type Socket } from "node:net";

// The app of the tests that cross processes: HTTP/1.1 and h2c on one port, as `protocol: auto` wants it. Listens on the
// port given, or on a free one, and prints it. Ends at once at SIGTERM, connections open or not.
//
//   GET  /echo     what it received, as JSON      POST /digest   length and sha256 of the body, as JSON
//   GET  /events   server-sent events, one for each line on standard input
//   any  upgrade   websocket handshake, then every byte comes back
//   h2c  any       a gRPC-shaped bidirectional stream: every byte comes back, then grpc-status 0
const PREFACE = "PRI * HTTP/2.0";
const events = new Set<ServerResponse>();

function echo(request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify({ method: request.method, url: request.url, headers: request.rawHeaders });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function digest(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash("sha256");
  let length = 0;
  request.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    length += chunk.length;
  });
  request.on("end", () => {
    const body = JSON.stringify({ length, sha256: hash.digest("hex") });
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
    response.end(body);
  });
}

function subscribe(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.write(": open\n\n");
  events.add(response);
  response.on("close", () => events.delete(response));
}

const http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.url?.startsWith("/digest")) return digest(request, response);
  if (request.url === "/events") return subscribe(response);
  echo(request, response);
});

http.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
});

function answerStream(stream: ServerHttp2Stream): void {
  stream.on("error", () => stream.close());
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
}

function sniff(socket: Socket): void {
  socket.on("error", () => socket.destroy());
  socket.once("data", (first) => {
    socket.pause();
    socket.unshift(first);
    if (!first.toString("latin1").startsWith(PREFACE)) {
      http.emit("connection", socket);
      socket.resume();
      return;
    }
    performServerHandshake(socket).on("stream", answerStream);
  });
}

process.stdin.on("data", (line) => {
  for (const response of events) response.write(`data: ${line.toString().trim()}\n\n`);
});
process.on("SIGTERM", () => process.exit(0));

const server = createNetServer({ noDelay: true }, sniff);
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
