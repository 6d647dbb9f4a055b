import { once } from "node:events";
import { expect, test } from "vitest";

import { END, get, GET, post } from "../http2/conformance-case.ts";
import { data, FLAG, FRAME, headers } from "../support/http2-frames.ts";
import { Http2Peer, type ReceivedFrame } from "../support/http2-peer.ts";
import { TestMesh } from "../support/mesh.ts";
import { RawServer, type RawSocket } from "../support/raw-socket.ts";

const settings = { accessLog: false, appProtocol: "http1", drainDelay: "0ms", lingerTimeout: "200ms" };

function endOf(stream: number): (frame: ReceivedFrame) => boolean {
  return ({ stream: on, flags }) => on === stream && (flags & FLAG.endStream) !== 0;
}

/** The next request that the app is sent. */
async function accepted(app: RawServer): Promise<RawSocket> {
  const connection = await app.accept();
  await connection.untilText("\r\n\r\n");
  return connection;
}

test("SIGTERM: GOAWAY, open streams finish, new ones are not begun, idle connections close", async () => {
  await using app = await RawServer.listen();
  await using mesh = await TestMesh.start({ app: app.port, settings: { ...settings, drainTimeout: "1h" } });
  await using idle = await Http2Peer.connect(mesh.inbound);
  idle.begin();
  await using peer = await Http2Peer.connect(mesh.inbound);
  peer.begin(get(1));
  const events = await accepted(app);
  peer.send(post(3));
  const upload = await accepted(app);
  events.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  await peer.frame(({ type, stream }) => type === FRAME.headers && stream === 1);
  const ended = once(mesh.child.process, "close");

  mesh.child.process.kill("SIGTERM");
  expect((await peer.frame(({ type }) => type === FRAME.goaway)).payload.readUInt32BE(0)).toBe(3);
  expect(await idle.goaway()).toBe(0);
  await idle.untilClosed();
  peer.send(get(5), data(3, "hello", FLAG.endStream));
  await upload.untilText("0\r\n\r\n");
  upload.write("HTTP/1.1 204 No Content\r\n\r\n");
  await peer.frame(endOf(3));
  events.write("6\r\ndata: \r\n0\r\n\r\n");
  await peer.frame(endOf(1));

  await peer.untilClosed();
  await ended;
  expect(mesh.child.process.exitCode).toBe(0);
  expect(peer.received.filter(({ stream }) => stream === 5)).toEqual([]);
  expect(app.accepted).toBe(2);
});

test("SIGTERM: tunnels and answers that do not end are cut at the deadline, and never look whole", async () => {
  await using app = await RawServer.listen();
  await using mesh = await TestMesh.start({
    app: app.port,
    settings: { ...settings, drainTimeout: "1500ms" },
  });
  await using peer = await Http2Peer.connect(mesh.inbound);
  peer.begin(headers(1, GET, END));
  (await accepted(app)).write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  await peer.frame(({ type }) => type === FRAME.data);
  await using tunnel = await Http2Peer.connect(mesh.outbound);
  const connect = [":method", "CONNECT"] as const;
  tunnel.begin(headers(1, [connect, [":authority", `127.0.0.1:${app.port}`]], FLAG.endHeaders));
  await tunnel.frame(({ type }) => type === FRAME.headers);
  const far = await app.accept();
  tunnel.send(data(1, "up"));
  await far.untilText("up");
  const ended = once(mesh.child.process, "close");

  mesh.child.process.kill("SIGTERM");
  // The app may need others to finish its answers: the outbound listener goes last.
  await peer.goaway();
  far.write("down");
  expect((await tunnel.frame(({ type }) => type === FRAME.data)).payload.toString()).toBe("down");

  await Promise.all([peer.untilClosed(), tunnel.untilClosed(), ended]);
  for (const { received } of [peer, tunnel]) expect(received.some(endOf(1))).toBe(false);
  const resets = peer.received.filter(({ type }) => type === FRAME.resetStream);
  expect(resets.filter(({ payload }) => payload.readUInt32BE(0) === 0)).toEqual([]);
});
