import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { CONNECTION_CASES } from "../http2/connection-cases.ts";
import { play } from "../http2/conformance-case.ts";
import { FRAME_CASES } from "../http2/frame-cases.ts";
import { HPACK_CASES } from "../http2/hpack-cases.ts";
import { MESSAGE_CASES } from "../http2/message-cases.ts";
import { STREAM_CASES } from "../http2/stream-cases.ts";
import { FLAG, settings } from "../support/http2-frames.ts";
import { Http2App } from "../support/http2-fixture.ts";
import { Http2Peer } from "../support/http2-peer.ts";
import { TestMesh } from "../support/mesh.ts";
import { RawServer, RawSocket } from "../support/raw-socket.ts";

const SECTIONS = [...CONNECTION_CASES, ...STREAM_CASES, ...FRAME_CASES, ...MESSAGE_CASES, ...HPACK_CASES];

let http1: RawServer;
let h2c: Http2App;
let meshes: Readonly<Record<"http1" | "h2c", TestMesh>>;

beforeAll(async () => {
  http1 = await RawServer.listen((connection) =>
    connection.socket.on("data", (bytes: Buffer) => {
      const received = bytes.toString("latin1");
      // A request is whole with its head, or with its last chunk: no case has both in pieces.
      if (/^GET |\r\n\r\n$/.test(received) && !/^POST .*chunked\r\n\r\n$/s.test(received))
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }),
  );
  h2c = await Http2App.start((stream) => {
    stream.resume();
    stream.on("end", () => {
      if (stream.destroyed) return;
      stream.respond({ ":status": 200 });
      stream.end("ok");
    });
  });
  const settingsOf = (appProtocol: string) => ({ accessLog: false, appProtocol, lingerTimeout: "200ms" });
  meshes = {
    http1: await TestMesh.start({ app: http1.port, settings: settingsOf("http1") }),
    h2c: await TestMesh.start({
      app: h2c.port,
      services: { "app.test": [`127.0.0.1:${http1.port}`] },
      settings: settingsOf("h2c"),
    }),
  };
});

afterAll(async () => {
  for (const each of [meshes.http1, meshes.h2c, http1, h2c]) await each[Symbol.asyncDispose]();
});

/** Where peers may come from: each port, with apps of either protocol behind it. */
const PORTS = [
  ["inbound, an app of HTTP/1.1", () => meshes.http1.inbound],
  ["inbound, an app of h2c", () => meshes.h2c.inbound],
  ["outbound", () => meshes.h2c.outbound],
] as const;

describe.for(PORTS)("%s", ([, port]) => {
  describe.for(SECTIONS)("$section", ({ cases }) => {
    test.for(cases)("$name", { timeout: 10_000 }, async (each) => {
      await using peer = await Http2Peer.connect(port());
      peer.begin();

      expect(each.expects).toContain(await play(peer, each));
    });
  });
});

test("no connection and no exchange is left of all that", async () => {
  for (const mesh of Object.values(meshes)) {
    while ((await mesh.metric("sluice_connections")) > 0) await new Promise(setImmediate);
    expect(await mesh.metric("sluice_exchanges_in_flight")).toBe(0);
    expect(await mesh.metric("sluice_exchanges_total")).toBeGreaterThan(100);
  }
});

const PREFACES: readonly (readonly [what: string, bytes: string])[] = [
  ["no preface", "INVALID CONNECTION PREFACE\r\n\r\n"],
  ["a preface that goes wrong in its middle", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"],
  ["a preface that is cut", "PRI * HTTP/2.0\r\n\r\nS"],
];

test.for(PREFACES)("3.4 preface: %s closes the connection", async ([, bytes]) => {
  await using client = await RawSocket.connect(meshes.http1.inbound);
  client.write(bytes);
  client.socket.end();

  expect(await client.untilEnd()).toMatch(/^(?:HTTP\/1\.1 [45]\d\d |$)/);
});

test("3.4 preface: something other than SETTINGS behind it is a connection error", async () => {
  await using peer = await Http2Peer.connect(meshes.http1.inbound);
  peer.send(
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0]),
    Buffer.alloc(8),
  );

  expect(await peer.goaway()).toBe(1);
  await peer.untilClosed();
});

test("6.5.3 SETTINGS are acknowledged in order, each", async () => {
  await using peer = await Http2Peer.connect(meshes.http1.inbound);
  peer.begin(settings(), settings());

  const acknowledged = () => peer.received.filter(({ type, flags }) => type === 4 && flags === FLAG.ack);
  await peer.frame(() => acknowledged().length === 3);
  expect(acknowledged().map(({ payload }) => payload.length)).toEqual([0, 0, 0]);
});
