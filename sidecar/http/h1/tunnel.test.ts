import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { H1Proxy } from "../../../test/support/h1-proxy.ts";
import { RawServer, RawSocket } from "../../../test/support/raw-socket.ts";

const UPGRADE =
  "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
const SWITCHED =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\r\n";

async function openTunnel(
  proxy: H1Proxy,
  app: RawServer,
): Promise<[client: RawSocket, connection: RawSocket]> {
  const client = await RawSocket.connect(proxy.port);
  client.write(UPGRADE);
  const connection = await app.accept();
  await connection.untilText("\r\n\r\n");
  connection.write(SWITCHED);
  await client.untilText("\r\n\r\n");
  return [client, connection];
}

test("an upgrade passes as it is, and then bytes go both ways untouched", async () => {
  await using app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port);
  const [client, connection] = await openTunnel(proxy, app);
  await using _client = client;

  client.write("\x00GET / HTTP/1.1\r\n\r\n\xff");
  await connection.untilText("\xff");
  connection.write("\x01HTTP/1.1 400\r\n\r\n\xfe");
  await client.untilText("\xfe");

  expect(connection.received.split("\r\n\r\n", 1)[0]).toMatch(
    /^GET \/socket HTTP\/1.1\r\nHost: a\r\nSec-WebSocket-Key: x\r\nConnection: Upgrade\r\nUpgrade: websocket$/,
  );
  expect(connection.received.endsWith("\r\n\r\n\x00GET / HTTP/1.1\r\n\r\n\xff")).toBe(true);
  expect(client.received.endsWith("\r\n\r\n\x01HTTP/1.1 400\r\n\r\n\xfe")).toBe(true);
});

test("bytes sent together with the heads are the tunnel's", async () => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.once("data", () => connection.write(`${SWITCHED}hello`));
  });
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  client.write(`${UPGRADE}early`);

  expect(await client.untilText("hello")).toMatch(/\r\n\r\nhello$/);
  expect(await (await app.accept()).untilText("early")).toMatch(/\r\n\r\nearly$/);
});

test.each(["client", "app"])(
  "when the %s half-closes, the other side still says what it has to say",
  async (who) => {
    await using app = await RawServer.listen();
    await using proxy = await H1Proxy.to(app.port);
    const [client, connection] = await openTunnel(proxy, app);
    await using _client = client;
    const [first, second] = who === "client" ? [client, connection] : [connection, client];

    first.socket.end("last");
    await second.untilText("last");
    await second.untilEnd();
    second.write("one more");
    await first.untilText("one more");
    second.socket.end();

    await first.untilClosed();
    await proxy.server.emptied();
    await expect.poll(() => proxy.pool.open).toBe(0);
    expect([first.error, second.error]).toEqual([undefined, undefined]);
  },
);

test("a client that closed before its tunnel opened is told to the app", async () => {
  await using app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);
  client.socket.end(UPGRADE);
  const connection = await app.accept();
  await connection.untilText("\r\n\r\n");
  const [later, other] = await openTunnel(proxy, app);
  await using _later = later;

  connection.write(SWITCHED);
  await connection.untilEnd();
  connection.socket.end("bye");
  other.socket.end();

  expect(await client.untilEnd()).toMatch(/\r\n\r\nbye$/);
  expect(connection.received).toMatch(/\r\n\r\n$/);
});

test.each(["client", "app"])("when the %s resets, the other side loses its connection", async (who) => {
  await using app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port);
  const [client, connection] = await openTunnel(proxy, app);
  await using _client = client;
  const [first, second] = who === "client" ? [client, connection] : [connection, client];

  first.socket.resetAndDestroy();

  await second.untilEnd();
  await proxy.server.emptied();
  expect(proxy.pool.open).toBe(0);
});

test("an open tunnel may be silent for as long as it likes; a half-closed one may not", async () => {
  await using app = await RawServer.listen();
  const clock = new ManualClock();
  const limits = { bodyIdle: 30, keepAlive: 30, response: 30, head: 30 };
  await using proxy = await H1Proxy.to(app.port, limits, clock);
  const [client, connection] = await openTunnel(proxy, app);
  await using _client = client;

  clock.advance(10_000);
  client.write("still there");
  await connection.untilText("still there");
  client.socket.end();
  await connection.untilEnd();
  for (let i = 0; i < 10; i++) {
    connection.write(`<${i}>`);
    await client.untilText(`<${i}>`);
    clock.advance(20);
  }
  clock.advance(100);

  await client.untilClosed();
  await proxy.server.emptied();
  expect(proxy.pool.open).toBe(0);
});

/** The timer that the kernel runs for the connection from one port to another (proc(5), `tr`); 2 asks whether it stands. */
async function kernelTimer({ localPort, remotePort }: Socket): Promise<number | undefined> {
  const hex = (port = 0): string => port.toString(16).toUpperCase().padStart(4, "0");
  const lines = (await readFile("/proc/net/tcp", "utf8")).split("\n").map((line) => line.trim().split(/\s+/));
  const found = lines.find(
    ([, local, remote]) => local?.endsWith(`:${hex(remotePort)}`) && remote?.endsWith(`:${hex(localPort)}`),
  );
  return found === undefined ? undefined : Number(found[5]?.split(":")[0]);
}

test.runIf(process.platform === "linux")(
  "TCP asks both ends of an open tunnel whether they are still there, since nobody else does",
  async () => {
    await using app = await RawServer.listen();
    await using proxy = await H1Proxy.to(app.port);
    const [client, connection] = await openTunnel(proxy, app);
    await using _client = client;

    // Until what was sent is acknowledged, another timer runs.
    await expect.poll(() => kernelTimer(client.socket)).toBe(2);
    await expect.poll(() => kernelTimer(connection.socket)).toBe(2);
  },
);

test("an upgrade that the app declines is an ordinary answer, and the connection closes", async () => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.once("data", () => connection.write("HTTP/1.1 426 X\r\nContent-Length: 2\r\n\r\nno"));
  });
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  client.write(`${UPGRADE}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);

  expect(await client.untilEnd()).toMatch(/^HTTP\/1.1 426 Upgrade Required\r\nConnection: close\r\n.*no$/s);
  expect((await app.accept()).received).not.toContain("smuggled");
});

test.each([
  ["h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"],
  ["an unknown protocol", "Connection: Upgrade\r\nUpgrade: foo/2\r\n"],
])("an upgrade to %s is declined by saying nothing of it", async (_, fields) => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.on("data", () => connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  });
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  client.write(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);

  expect(await client.untilText("ok")).toBe("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  expect((await app.accept()).received).toBe("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
});
