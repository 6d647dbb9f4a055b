import { once } from "node:events";
import { connect, type Socket } from "node:net";

const PIECE = Buffer.alloc(64 * 1024, "sluice");
const TURN = 50;

/** Downloads so many bytes and reads them no faster than `rate` bytes a second; how many came. */
export async function download(port: number, bytes: number, rate: number): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  socket.write(`GET /${bytes} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`);
  const [first] = (await once(socket, "data")) as [Buffer];
  let received = first.length - (first.indexOf("\r\n\r\n") + 4);
  const startedAt = performance.now();
  const allowed = (): number => ((performance.now() - startedAt) / 1000) * rate;
  const timer = setInterval(() => {
    if (received < allowed()) socket.resume();
  }, TURN);
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (received > allowed()) socket.pause();
  });
  await once(socket, "close");
  clearInterval(timer);
  return received;
}

/** Uploads so many bytes as fast as they are taken; how many the app says it got. */
export async function upload(port: number, bytes: number): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  socket.write(`POST / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`);
  await pour(socket, bytes);
  await once(socket, "close");
  return Number(answer.slice(answer.indexOf("\r\n\r\n") + 4));
}

async function pour(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= PIECE.length) {
    if (!socket.write(PIECE.subarray(0, Math.min(left, PIECE.length)))) await once(socket, "drain");
  }
}
