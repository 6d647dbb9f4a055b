import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";

import { END, POST } from "../http2/conformance-case.ts";
import {
  type Field,
  FLAG,
  FRAME,
  headers,
  PREFACE,
  settings,
  windowUpdate,
} from "../support/http2-frames.ts";
import { Http2Peer } from "../support/http2-peer.ts";
import { TestMesh } from "../support/mesh.ts";
import { RawServer } from "../support/raw-socket.ts";

const CLIENTS = 6;
const MIB = 1024 * 1024;
/** More than all buffers between app and client take. */
const BODY = 64;
const INITIAL_WINDOW_SIZE = 4;
const WINDOW = 0x7fff0000;
/** Its first field waits in the stream when the second breaks the rule. */
const ILLEGAL_TRAILERS: readonly Field[] = [
  ["x-one", "1"],
  [":path", "/"],
];
const COLLECTS = `let times = 0; process.on("SIGWINCH", () => { globalThis.gc(); console.log("collected", ++times); });`;
/** Looks, 20 ms apart, behind which nothing moves any more. */
const LOOKS = 8;

test("a client that breaks a rule behind a write that waits, and leaves, does not end the process", async () => {
  let taken = 0;
  await using app = await RawServer.listen(({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY * MIB}\r\n\r\n`);
    for (let mib = 0; mib < BODY; mib++) socket.write(Buffer.alloc(MIB), () => taken++);
  });
  await using mesh = await TestMesh.start({
    app: app.port,
    flags: ["--expose-gc", `--import=data:text/javascript,${encodeURIComponent(COLLECTS)}`],
    settings: { appProtocol: "http1" },
  });

  for (let client = 1; client <= CLIENTS; client++) {
    const peer = await Http2Peer.connect(mesh.inbound);
    const wide = [settings([[INITIAL_WINDOW_SIZE, WINDOW]]), windowUpdate(0, WINDOW)];
    peer.send(PREFACE, ...wide, headers(1, POST, FLAG.endHeaders));
    await peer.frame(({ type }) => type === FRAME.headers);
    peer.socket.pause();
    await stuck(() => taken);
    peer.send(headers(1, ILLEGAL_TRAILERS, END));
    await stuck(() => peer.socket.writableLength);
    peer.socket.resetAndDestroy();
    // The rule that was broken, or the client that left: whichever node:http2 tells of first.
    await mesh.child.line(new RegExp(`"id":${client},.*"error":"(?:bad_request|client_gone)"`));
    mesh.child.process.kill("SIGWINCH");
    await mesh.child.line(new RegExp(`^collected ${client}$`));
  }

  expect(mesh.child.process.exitCode ?? mesh.child.process.signalCode).toBeNull();
});

/** Until a number has not moved for a while, in this process or behind it. */
async function stuck(read: () => number): Promise<void> {
  let before = read();
  for (let still = 0; still < LOOKS; still++) {
    await delay(20);
    if (read() === before) continue;
    before = read();
    still = -1;
  }
}
