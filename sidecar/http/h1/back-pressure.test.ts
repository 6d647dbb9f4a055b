import { createHash } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";

import { H1Proxy } from "../../../test/support/h1-proxy.ts";
import { RawServer } from "../../../test/support/raw-socket.ts";
import { settled } from "../../../test/support/turns.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, "0123456789abcdef");

/** Writes `total` bytes as fast as the other side takes them; the bytes that its socket took so far. */
function pour(socket: net.Socket, total: number): { readonly written: number } {
  const progress = { written: 0 };
  const more = (): void => {
    while (progress.written < total) {
      const piece = PIECE.subarray(0, total - progress.written);
      progress.written += piece.length;
      if (!socket.write(piece)) {
        socket.once("drain", more);
        return;
      }
    }
  };
  more();
  return progress;
}

/** Hashes what comes behind the first empty line, once the socket is let go. */
async function digestBody(socket: net.Socket, length: number): Promise<string> {
  const hash = createHash("sha256");
  let head = "";
  let inBody = false;
  let received = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let body = chunk;
    if (!inBody) {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) continue;
      inBody = true;
      body = Buffer.from(head.slice(end + 4), "latin1");
    }
    hash.update(body);
    received += body.length;
    if (received >= length) break;
  }
  return hash.digest("hex");
}

function expectedDigest(length: number): string {
  const hash = createHash("sha256");
  for (let at = 0; at < length; at += PIECE.length) hash.update(PIECE.subarray(0, length - at));
  return hash.digest("hex");
}

/** What all buffers that are still referred to hold. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

test("a client that does not read stops the app, with no more than a few buffers in between", async () => {
  const total = 64 * MIB;
  let progress = { written: 0 } as { readonly written: number };
  await using app = await RawServer.listen(({ socket }) => {
    socket.once("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      progress = pour(socket, total);
    });
  });
  await using proxy = await H1Proxy.to(app.port);
  const client = await connect(proxy.port);
  const before = heldBytes();

  client.pause();
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await expect.poll(() => progress.written).toBeGreaterThan(0);
  const stopped = await settled(() => progress.written);

  // The kernel's buffers of both connections are most of it; the engine's own are four reads at the most.
  expect(stopped).toBeLessThan(32 * MIB);
  await expect.poll(() => heldBytes() - before).toBeLessThan(MIB);
  expect(await digestBody(client, total)).toBe(expectedDigest(total));
  expect(progress.written).toBe(total);
  client.destroy();
});

test("an app that does not read stops the client, and then gets every byte", async () => {
  const total = 64 * MIB;
  await using app = await RawServer.listen(({ socket }) => void socket.pause());
  await using proxy = await H1Proxy.to(app.port);
  const client = await connect(proxy.port);

  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
  const progress = pour(client, total);
  const { socket } = await app.accept();
  const stopped = await settled(() => progress.written);

  expect(stopped).toBeLessThan(32 * MIB);
  socket.removeAllListeners("data");
  expect(await digestBody(socket, total)).toBe(expectedDigest(total));
  client.destroy();
});

test("large bodies go both ways at once, chunked up and by length down", async () => {
  const total = 32 * MIB;
  await using app = await RawServer.listen(({ socket }) => {
    socket.once("data", () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      pour(socket, total);
    });
  });
  await using proxy = await H1Proxy.to(app.port);
  const client = await connect(proxy.port);

  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  let sent = 0;
  const more = (): void => {
    while (sent < total) {
      sent += PIECE.length;
      if (!client.write(Buffer.concat([Buffer.from("10000\r\n"), PIECE, Buffer.from("\r\n")]))) {
        client.once("drain", more);
        return;
      }
    }
    client.write("0\r\n\r\n");
  };
  more();

  expect(await digestBody(client, total)).toBe(expectedDigest(total));
  const connection = await app.accept();
  await connection.untilText("\r\n0\r\n\r\n");
  expect(connection.received.length).toBeGreaterThan(total);
  client.destroy();
});

test("buffers of a long body do not pile up", async () => {
  const total = 192 * MIB;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const before = heldBytes();
  let received = 0;
  let most = 0;
  await using app = await RawServer.listen(({ socket }) => {
    socket.removeAllListeners("data");
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      if (received > total) resolve();
    });
  });
  await using proxy = await H1Proxy.to(app.port);
  const client = await connect(proxy.port);

  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
  pour(client, total);
  await done;

  // The engine's, and as many that the test makes by reading.
  expect(most).toBeLessThan(60 * MIB);
  client.destroy();
});
