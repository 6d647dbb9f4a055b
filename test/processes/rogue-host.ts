import { Socket } from "node:net";

import type { HeaderEdit } from "../../core/headers/header-edits.ts";
import { factsOf } from "../support/run-facts.ts";
import { FrameChannel } from "../../sidecar/plugin-host/protocol/frame-channel.ts";
import { editsText } from "../../sidecar/plugin-host/protocol/edits-text.ts";
import {
  TO_HOST_KINDS,
  type EntryResult,
  type FromHost,
  type Run,
  type ToHost,
} from "../../sidecar/plugin-host/protocol/messages.ts";

// A plugin host in the hands of a plugin that broke out: it loads whatever it is told to, and lies. The path of the
// request says how.

const link = new Socket({ fd: 3 });
const channel: FrameChannel<ToHost, FromHost> = new FrameChannel(link, TO_HOST_KINDS, {
  frame: receive,
  closed: () => undefined,
});

function receive(frame: ToHost): void {
  if (frame.kind === "load") channel.send({ kind: "loaded", generation: frame.generation, error: undefined });
  else if (frame.kind === "unload")
    channel.send({ kind: "unloaded", generation: frame.generation, error: undefined });
  else if (frame.kind === "ping") channel.send({ kind: "pong", sequence: frame.sequence });
  else if (frame.kind === "run") lie(frame);
}

function lie(run: Run): void {
  const { id } = run;
  const { path, attempt } = factsOf(run);
  const answer = (change: Partial<EntryResult>): void => {
    const honest = {
      micros: 1,
      httpCode: 0,
      edits: "",
      body: Buffer.alloc(0),
      failure: undefined,
      wallMicros: 1,
    };
    channel.send({ kind: "ran", id, results: run.entries.map(() => ({ ...honest, ...change })) });
  };
  const edit = (...edits: HeaderEdit[]): void => answer({ edits: editsText(edits) });
  if (path === "/smuggle") edit({ name: "X-A", values: ["1\r\nSet-Cookie: stolen=1"] });
  else if (path === "/name") edit({ name: "X A:", values: ["1"] });
  else if (path === "/framing") edit({ name: "Transfer-Encoding", values: ["chunked"] });
  else if (path === "/mesh") edit({ name: "X-Mesh-Remote-Ip", values: ["127.0.0.1"] });
  else if (path === "/many")
    edit(...Array.from({ length: 10_000 }, (_, index) => ({ name: `X-${index}`, values: ["1"] })));
  else if (path === "/nonsense") answer({ edits: "7:X-A" });
  else if (path === "/status") answer({ httpCode: 101 });
  else if (path === "/body") answer({ httpCode: 403, body: Buffer.alloc(2 * 1024 * 1024) });
  else if (path === "/few" && attempt === 1) channel.send({ kind: "ran", id, results: [] });
  else if (path === "/garbage" && attempt === 1) link.write("HTTP/1.1 200 OK\r\n\r\n");
  else if (path === "/hang-up" && attempt === 1) link.destroy();
  else if (path === "/leave" && attempt === 1) process.exit(0);
  else if (path === "/flood") flood(() => answer({}));
  else answer({});
}

/** Everything that a host may send unasked, under numbers that nobody knows and far too much of it. */
function flood(done: () => void): void {
  const lines = Array.from({ length: 1_000 }, () => ({ level: "info", text: "x".repeat(1_000) }) as const);
  for (let generation = 0; generation < 50; generation++) {
    channel.send({ kind: "log", generation, lines, dropped: 4_000_000_000 });
    channel.send({
      kind: "keyValue",
      generation,
      set: [{ key: "k", value: "{", expiresAt: 1 }],
      deleted: ["x"],
    });
    channel.send({ kind: "ran", id: 1_000_000 + generation, results: [] });
    channel.send({ kind: "loaded", generation, error: undefined });
    channel.send({ kind: "unloaded", generation, error: undefined });
    channel.send({ kind: "pong", sequence: generation });
  }
  const url = "http://169.254.169.254/latest/meta-data/";
  const fetch = { method: "GET", url, headers: [], body: Buffer.alloc(0), timeoutMs: 0 } as const;
  channel.send({ kind: "fetch", id: 1, generation: 1, ...fetch });
  done();
}

channel.send({ kind: "hello", nodeVersion: process.version, pid: process.pid });
