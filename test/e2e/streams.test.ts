import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { TestMesh } from "../support/mesh.ts";
import { RawServer, RawSocket } from "../support/raw-socket.ts";

const settings = { accessLog: false, bodyIdleTimeout: "300ms", lingerTimeout: "200ms" };

let app: TestApp;
let mesh: TestMesh;

beforeAll(async () => {
  app = await TestApp.start();
  mesh = await TestMesh.start({ app: app.port, settings });
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

const UPGRADE =
  "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

test("a WebSocket is a pipe in both directions, and a half-close goes through", async () => {
  await using client = await RawSocket.connect(mesh.inbound);

  client.write(`${UPGRADE}first`);
  await client.untilText("first");
  expect(client.received).toMatch(/^HTTP\/1\.1 101 .*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/is);
  client.socket.end("last");

  // The app's echo comes back behind our FIN, and then its own.
  expect(await client.untilEnd()).toMatch(/firstlast$/);
});

test("server-sent events arrive as they are sent, and the stream outlives every deadline of a request", async () => {
  await using client = await RawSocket.connect(mesh.inbound);
  client.write("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText(": open");

  app.emit("one");
  await client.untilText("data: one");
  app.emit("two");
  await client.untilText("data: two");

  expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream\r\n/i);
});

test("Expect: 100-continue is answered before the body is sent, as curl waits for it", async () => {
  await using client = await RawSocket.connect(mesh.inbound);
  client.write("POST /digest HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");

  expect(await client.untilText("\r\n\r\n")).toBe("HTTP/1.1 100 Continue\r\n\r\n");
  client.write("hello");

  expect(await client.untilText("}")).toContain(createHash("sha256").update("hello").digest("hex"));
});

/** A sidecar before an app whose connections the test holds in its own hands. */
async function startRaw(): Promise<{ readonly app: RawServer; readonly mesh: TestMesh } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const raw = stack.use(await RawServer.listen());
  const front = stack.use(
    await TestMesh.start({ app: raw.port, settings: { ...settings, appProtocol: "http1" } }),
  );
  return { app: raw, mesh: front, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("103 arrives before the answer, over HTTP/1.1 and over HTTP/2", async () => {
  await using raw = await startRaw();
  const hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
  await using client = await RawSocket.connect(raw.mesh.inbound);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const upstream = await raw.app.accept();
  await upstream.untilText("\r\n\r\n");
  upstream.write(hints);
  expect(await client.untilText("\r\n\r\n")).toBe(hints);
  upstream.write("HTTP/1.1 204 No Content\r\n\r\n");
  await client.untilText("204");

  const session = connectHttp2(`http://127.0.0.1:${raw.mesh.inbound}`);
  const stream = session.request({ ":path": "/" });
  const early = once(stream, "headers");
  await upstream.until((received) => received.split("\r\n\r\n").length === 3);
  upstream.write(hints);
  expect((await early)[0]).toMatchObject({ ":status": 103, link: "</style.css>" });
  upstream.write("HTTP/1.1 204 No Content\r\n\r\n");
  expect((await once(stream, "response"))[0]).toMatchObject({ ":status": 204 });
  session.close();
  await once(session, "close");
});

test("trailers pass both ways, over HTTP/1.1 and from HTTP/2 to HTTP/1.1", async () => {
  await using raw = await startRaw();
  const answer =
    "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Down: 2\r\n\r\n";
  await using client = await RawSocket.connect(raw.mesh.inbound);
  client.write(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup\r\n0\r\nX-Up: 1\r\n\r\n",
  );
  const upstream = await raw.app.accept();
  expect(await upstream.untilText("0\r\n")).toMatch(/2\r\nup\r\n0\r\nX-Up: 1\r\n\r\n$/);
  upstream.write(answer);
  expect(await client.untilText("X-Down: 2\r\n\r\n")).toBe(answer);

  const session = connectHttp2(`http://127.0.0.1:${raw.mesh.inbound}`);
  const stream = session.request({ ":path": "/", ":method": "POST" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-up": "h2" }));
  stream.end("up");
  await upstream.untilText("x-up: h2\r\n\r\n");
  const trailers = once(stream, "trailers");
  stream.resume();
  upstream.write(answer);
  expect((await trailers)[0]).toMatchObject({ "x-down": "2" });
  session.close();
  await once(session, "close");
});

test("a client that leaves is felt by the app, and an app that leaves by the client", async () => {
  await using raw = await startRaw();
  const leaving = await RawSocket.connect(raw.mesh.inbound);
  leaving.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  const first = await raw.app.accept();
  await first.untilText("\r\n\r\n");
  leaving.socket.resetAndDestroy();
  await first.untilEnd();

  await using staying = await RawSocket.connect(raw.mesh.inbound);
  staying.write("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  const second = await raw.app.accept();
  await second.untilText("\r\n\r\n");
  second.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  await staying.untilText("half");
  second.socket.resetAndDestroy();

  expect((await staying.untilEnd()).endsWith("half")).toBe(true);
});
