import { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

import { factsOf } from "../support/run-facts.ts";
import { FrameChannel } from "../../sidecar/plugin-host/protocol/frame-channel.ts";
import {
  TO_HOST_KINDS,
  type Failure,
  type FromHost,
  type Load,
  type Run,
  type ToHost,
} from "../../sidecar/plugin-host/protocol/messages.ts";

// A plugin host on a machine that is busy with other things: whatever it is told to do is cut off or late at first.
// The path of the request says how.

/** Longer than a run may take in a host that answers its Pings. */
const STALL = 400;
/** ms between its first sign of life afterwards and its answer. */
const AFTERWARDS = 100;
const BUSY: Failure = { cause: "host_busy", detail: "the machine is busy" };

const channel: FrameChannel<ToHost, FromHost> = new FrameChannel(new Socket({ fd: 3 }), TO_HOST_KINDS, {
  frame: receive,
  closed: () => undefined,
});
const seen = new Set<number>();

function receive(frame: ToHost): void {
  const { kind } = frame;
  if (kind === "load") load(frame);
  else if (kind === "unload")
    channel.send({ kind: "unloaded", generation: frame.generation, error: undefined });
  else if (kind === "ping") channel.send({ kind: "pong", sequence: frame.sequence });
  else if (kind === "run") void run(frame);
}

/** Each generation is cut off the first time. */
function load({ generation }: Load): void {
  const error = seen.has(generation) ? undefined : BUSY;
  seen.add(generation);
  channel.send({ kind: "loaded", generation, error });
}

async function run(asked: Run): Promise<void> {
  const { path, attempt } = factsOf(asked);
  if (path === "/spins") return answer(asked, 4_000, BUSY);
  if (path === "/unlucky") return answer(asked, 2_000, attempt < 4 ? BUSY : undefined);
  if (path === "/stalls") {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL);
    await pause(AFTERWARDS);
  }
  answer(asked, 0, undefined);
}

function answer({ id, entries }: Run, micros: number, failure: Failure | undefined): void {
  const result = { micros, httpCode: 0, edits: "", body: Buffer.alloc(0), failure, wallMicros: micros };
  channel.send({ kind: "ran", id, results: entries.map(() => result) });
}

channel.send({ kind: "hello", nodeVersion: process.version, pid: process.pid });
