import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { H1Proxy } from "../../../test/support/h1-proxy.ts";
import { RawServer, RawSocket } from "../../../test/support/raw-socket.ts";
import { turn } from "../../../test/support/turns.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const UPLOAD = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Short, and all different from one another where it matters which one cuts. */
const SHORT = { firstByte: 30, head: 30, bodyIdle: 60, keepAlive: 30, linger: 30 } as const;

/** Sends byte by byte, each in a turn of its own, until the connection is over. */
async function drip(client: RawSocket, text: string, sent: () => void = () => {}): Promise<void> {
  for (const byte of text) {
    if (client.socket.destroyed || client.socket.readableEnded) return;
    client.write(byte);
    await turn();
    sent();
  }
}

test("a client that says nothing gets 408 and is closed", async () => {
  await using app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port, SHORT);
  await using client = await RawSocket.connect(proxy.port);

  expect(await client.untilEnd()).toMatch(/^HTTP\/1.1 408 .*x-mesh-error: request_timeout/s);
  await proxy.server.emptied();
});

test("a head that comes byte by byte has one deadline for the whole of it", async () => {
  await using app = await RawServer.listen();
  const clock = new ManualClock();
  await using proxy = await H1Proxy.to(app.port, SHORT, clock);
  await using client = await RawSocket.connect(proxy.port);

  const head = `GET / HTTP/1.1\r\nHost: a\r\n${"X-Slow: y\r\n".repeat(40)}\r\n`;
  await drip(client, head, () => clock.advance(1));

  expect(await client.untilEnd()).toMatch(/^HTTP\/1.1 408 .*x-mesh-error: request_timeout/s);
  expect(app.accepted).toBe(0);
  clock.advance(SHORT.linger * 2);
  await proxy.server.emptied();
});

test("a whole exchange that comes byte by byte in time is like any other", async () => {
  await using app = await RawServer.listen((connection) => {
    void connection.untilText("0\r\n\r\n").then(() => connection.write(OK));
  });
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  await drip(client, `${UPLOAD}3\r\nabc\r\n0\r\n\r\n`);

  expect(await client.untilText("ok")).toBe(OK);
});

test("an idle connection is closed without a word after its keep-alive time", async () => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.on("data", () => connection.write(OK));
  });
  await using proxy = await H1Proxy.to(app.port, SHORT);
  await using client = await RawSocket.connect(proxy.port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

  expect(await client.untilEnd()).toBe(OK);
  await proxy.server.emptied();
});

test("a body that stalls gets 408, and the app loses its connection", async () => {
  await using app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port, SHORT);
  await using client = await RawSocket.connect(proxy.port);

  client.write(`${UPLOAD}3\r\nabc\r\n`);
  const connection = await app.accept();
  await connection.untilText("abc");

  expect(await client.untilEnd()).toMatch(/^HTTP\/1.1 408 .*x-mesh-error: body_timeout/s);
  await connection.untilEnd();
  expect(connection.received).not.toContain("0\r\n\r\n");
  await proxy.server.emptied();
});

test("a body that goes on slowly but steadily is never cut", async () => {
  await using app = await RawServer.listen();
  const clock = new ManualClock();
  await using proxy = await H1Proxy.to(app.port, SHORT, clock);
  await using client = await RawSocket.connect(proxy.port);

  client.write(UPLOAD);
  const connection = await app.accept();
  for (let sent = 1; sent <= 40; sent++) {
    client.write("1\r\nx\r\n");
    await connection.until((received) => received.split("x\r\n").length > sent);
    clock.advance(SHORT.bodyIdle / 2);
  }
  client.write("0\r\n\r\n");
  await connection.untilText("0\r\n\r\n");
  connection.write(OK);

  expect(await client.untilText("ok")).toBe(OK);
});

test("a client that does not read its answer is cut, and so is the app's end of it", async () => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.on("data", () => {
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
      connection.socket.write(Buffer.alloc(100_000_000));
    });
  });
  await using proxy = await H1Proxy.to(app.port, SHORT);
  await using client = await RawSocket.connect(proxy.port);
  client.socket.pause();

  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const connection = await app.accept();

  await connection.untilClosed();
  await proxy.server.emptied();
  expect(proxy.pool.open).toBe(0);
});

test.each([
  ["a head", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(100_000)}`, 431],
  ["field lines", `GET / HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(10_000)}`, 431],
  ["a target", `GET /${"x".repeat(100_000)}`, 414],
  ["a chunk extension", `${UPLOAD}3;${"x".repeat(100_000)}`, 400],
  ["a chunk size", `${UPLOAD}${"0".repeat(100_000)}`, 400],
  ["trailers", `${UPLOAD}0\r\n${"X: y\r\n".repeat(10_000)}`, 431],
])("%s without an end is refused when it reaches its limit", async (_, text, status) => {
  await using app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port, { linger: 30 });
  await using client = await RawSocket.connect(proxy.port);

  client.write(text);

  expect(await client.untilEnd()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  await proxy.server.emptied();
  expect(proxy.pool.open).toBe(0);
});

test.each([
  ["before it said anything", ""],
  ["within its head", "GET / HTTP/1.1\r\nHo"],
  ["within its body", `${UPLOAD}5\r\nab`],
  ["while it waits for the answer", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
])("a client that resets %s leaves nothing behind", async (_, text) => {
  await using app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);
  await expect.poll(() => proxy.server.connections.size).toBe(1);
  client.write(text);
  if (text.includes("\r\n\r\n")) await (await app.accept()).untilText("\r\n\r\n");

  client.socket.resetAndDestroy();

  await proxy.server.emptied();
  await expect.poll(() => app.open).toBe(0);
  expect(proxy.pool.open).toBe(0);
});

test("a client that resets within its answer makes the app stop", async () => {
  await using app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const connection = await app.accept();
  connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  await client.untilText("hello");

  client.socket.resetAndDestroy();

  await connection.untilEnd();
  await proxy.server.emptied();
  expect(proxy.pool.open).toBe(0);
});
