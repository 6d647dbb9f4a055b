import { afterAll, beforeAll, expect, test } from "vitest";

import { END, get, GET, play, post } from "../http2/conformance-case.ts";
import {
  data,
  FLAG,
  FRAME,
  frame,
  goaway,
  headers,
  hpack,
  ping,
  resetStream,
  settings,
  windowUpdate,
} from "../support/http2-frames.ts";
import { Http2Peer } from "../support/http2-peer.ts";
import { TestMesh } from "../support/mesh.ts";
import { descriptors, residentMemory } from "../support/process-resources.ts";
import { RawServer } from "../support/raw-socket.ts";

const MIB = 1024 * 1024;

interface Attack {
  readonly name: string;
  /** The next bytes, for as long as the connection stands. */
  readonly frames: (turn: number) => Buffer;
  readonly turns: number;
}

let app: RawServer;
let mesh: TestMesh;
let asked = 0;

beforeAll(async () => {
  app = await RawServer.listen((connection) =>
    connection.socket.on("data", (bytes: Buffer) => {
      asked++;
      if (bytes.toString("latin1").startsWith("GET "))
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }),
  );
  mesh = await TestMesh.start({
    app: app.port,
    settings: { accessLog: false, appProtocol: "http1", lingerTimeout: "200ms" },
  });
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

function stream(turn: number): number {
  return 2 * turn + 1;
}

/** A field of 4,000 bytes that goes into the table, and 12,000 references to it. */
const BOMB = Buffer.concat([
  hpack(GET),
  Buffer.of(0x40, 1, 0x61, 0x7f, 0xa1, 0x1e),
  Buffer.alloc(4_000, 0x62),
  Buffer.alloc(12_000, 0xbe),
]);

const PADDED = 0x8;
const PRIORITY_UPDATE = 0x10;

const ENDING: readonly Attack[] = [
  {
    name: "rapid reset (CVE-2023-44487)",
    frames: (turn) => Buffer.concat([get(stream(turn)), resetStream(stream(turn), 8)]),
    turns: 20_000,
  },
  {
    name: "resets provoked by bad trailers (CVE-2025-8671)",
    frames: (turn) => Buffer.concat([post(stream(turn)), headers(stream(turn), [["X", "y"]], END)]),
    turns: 20_000,
  },
  {
    name: "resets provoked by windows that overflow (CVE-2025-8671)",
    frames: (turn) => Buffer.concat([post(stream(turn)), windowUpdate(stream(turn), 2 ** 31 - 1)]),
    turns: 20_000,
  },
  { name: "heads without a field", frames: (turn) => headers(stream(turn), [], END), turns: 20_000 },
  {
    name: "DATA of nothing but padding",
    frames: (turn) => (turn === 0 ? post(1) : frame(FRAME.data, PADDED, 1, Buffer.of(0))),
    turns: 20_000,
  },
  { name: "HEADERS for a stream that is closed", frames: () => get(1), turns: 20_000 },
  {
    name: "PRIORITY",
    frames: (turn) => frame(FRAME.priority, 0, stream(turn), Buffer.of(0, 0, 0, 0, 15)),
    turns: 20_000,
  },
  {
    name: "PRIORITY_UPDATE (RFC 9218)",
    frames: (turn) => frame(PRIORITY_UPDATE, 0, 0, Buffer.of(0, 0, 0, stream(turn) % 256)),
    turns: 20_000,
  },
  { name: "frames of a type that is nobody's", frames: () => frame(0xee, 0, 0), turns: 20_000 },
  { name: "empty DATA", frames: (turn) => (turn === 0 ? post(1) : data(1, "")), turns: 20_000 },
  {
    name: "empty CONTINUATION",
    frames: (turn) => frame(turn === 0 ? FRAME.headers : FRAME.continuation, 0, 1),
    turns: 20_000,
  },
  { name: "PING", frames: ping, turns: 20_000 },
  { name: "SETTINGS", frames: () => settings([[4, 65_535]]), turns: 20_000 },
  { name: "GOAWAY", frames: () => goaway(0, 0), turns: 20_000 },
  {
    name: "more streams than allowed",
    frames: (turn) => post(stream(turn)),
    turns: 300,
  },
];

/** Those of which node tells nobody, and that cost next to nothing (sidecar/http/h2/README.md). */
const BORNE: readonly Attack[] = [
  { name: "an HPACK bomb", frames: (turn) => frame(FRAME.headers, END, stream(turn), BOMB), turns: 200 },
  { name: "windows that grow by a byte", frames: () => windowUpdate(0, 1), turns: 50_000 },
  {
    name: "DATA for a stream that is closed",
    frames: (turn) => (turn === 0 ? Buffer.concat([post(1), resetStream(1, 8)]) : data(1, "")),
    turns: 50_000,
  },
];

test.for(ENDING)("$name ends the connection", async (attack) => {
  await using peer = await attacked(attack);

  await peer.untilClosed();
  expect(peer.closed).toBe(true);
});

test.for(BORNE)("$name goes by", async (attack) => {
  await using peer = await attacked(attack);

  expect(peer.closed).toBe(false);
});

/** Attacks, while another connection is served, and looks at what it cost. */
async function attacked({ frames, turns }: Attack): Promise<Http2Peer> {
  const before = residentMemory(mesh.child.pid);
  asked = 0;
  const peer = await Http2Peer.connect(mesh.inbound);
  peer.begin();
  // What a connection may do is held against it once it has acknowledged our limits; its answer goes ahead of the attack.
  await peer.frame(({ type, flags }) => type === FRAME.settings && (flags & FLAG.ack) === 0);
  for (let turn = 0; turn < turns && !peer.closed; turn++) {
    peer.send(frames(turn));
    if (turn % 100 === 99) await new Promise(setImmediate);
    if (peer.socket.writableLength > MIB) await Promise.race([drained(peer), peer.untilClosed()]);
  }
  await using other = await Http2Peer.connect(mesh.inbound);
  other.begin();
  expect(await play(other, { name: "another", sends: [get()], expects: ["answered"] })).toBe("answered");
  expect(asked).toBeLessThan(2_000);
  expect(residentMemory(mesh.child.pid) - before).toBeLessThan(48 * MIB);
  return peer;
}

async function drained({ socket }: Http2Peer): Promise<void> {
  if (socket.writableLength > 0) await new Promise<void>((resolve) => socket.once("drain", resolve));
}

test("nothing is left: no exchange, no connection, no descriptor", async () => {
  while ((await mesh.metric("sluice_connections")) > 0) await new Promise(setImmediate);

  expect(await mesh.metric("sluice_exchanges_in_flight")).toBe(0);
  expect(descriptors(mesh.child.pid)).toBeLessThan(100);
});
