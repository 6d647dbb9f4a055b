import { connect, createServer, type AddressInfo, type Socket } from "node:net";

// The floor: what HTTP/1.1 costs on node:net when next to nothing is done with it. Heads are found, made to text, get
// the forwarding fields, and leave; nothing is checked, bodies must have a Content-Length, there are no deadlines, no
// back-pressure, no errors but the end of the process. No sidecar can be this: it says what the rest costs.
const upstreamPort = Number(process.argv[2]);
const HEAD_END = "\r\n\r\n";
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);
const FORWARDED = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: app\r\n\r\n";

interface Upstream {
  readonly socket: Socket;
  client: Socket | undefined;
  received: string;
}

const idle: Upstream[] = [];

function makeUpstream(): Upstream {
  const onread = {
    buffer: READ_BUFFER,
    callback: (length: number): boolean => {
      answer(upstream, READ_BUFFER.toString("latin1", 0, length));
      return true;
    },
  };
  const socket = connect({ port: upstreamPort, host: "127.0.0.1", noDelay: true, onread });
  const upstream: Upstream = { socket, client: undefined, received: "" };
  return upstream;
}

function answer(upstream: Upstream, chunk: string): void {
  const bytes = upstream.received + chunk;
  const headEnd = bytes.indexOf(HEAD_END);
  const length = headEnd < 0 ? 0 : Number(LENGTH.exec(bytes)?.[1] ?? 0);
  if (headEnd < 0 || bytes.length < headEnd + HEAD_END.length + length) {
    upstream.received = bytes;
    return;
  }
  const { client } = upstream;
  upstream.received = "";
  upstream.client = undefined;
  idle.push(upstream);
  client?.write(bytes, "latin1");
}

const server = createServer({ noDelay: true }, (client) => {
  let received = "";
  client.on("data", (chunk) => {
    received += chunk.toString("latin1");
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const upstream = idle.pop() ?? makeUpstream();
    upstream.client = client;
    upstream.socket.write(received.slice(0, headEnd + 2) + FORWARDED, "latin1");
    received = "";
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
