import { createServer, type AddressInfo, type Socket } from "node:net";

// The app of bench/flat-memory.ts: `GET /N` is answered with N bytes, a POST with how many bytes of its body came. One
// request a connection. Prints its port.
const PIECE = Buffer.alloc(64 * 1024, "sluice");
const HEAD_END = "\r\n\r\n";

function download(socket: Socket, bytes: number): void {
  socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`);
  let left = bytes;
  const fill = (): void => {
    while (left > 0) {
      const piece = left >= PIECE.length ? PIECE : PIECE.subarray(0, left);
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
  };
  socket.on("drain", fill);
  fill();
}

function upload(socket: Socket, expected: number, first: number): void {
  let received = first;
  const count = (): void => {
    if (received < expected) return;
    const body = String(received);
    socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  };
  socket.on("data", (chunk) => {
    received += chunk.length;
    count();
  });
  count();
}

const server = createServer({ noDelay: true }, (socket) => {
  let head = "";
  const read = (chunk: Buffer): void => {
    head += chunk.toString("latin1");
    const end = head.indexOf(HEAD_END);
    if (end < 0) return;
    socket.off("data", read);
    const bytes = /^GET \/(\d+) /.exec(head)?.[1];
    if (bytes !== undefined) download(socket, Number(bytes));
    else
      upload(socket, Number(/content-length: (\d+)/i.exec(head)?.[1]), head.length - end - HEAD_END.length);
  };
  socket.on("data", read);
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
