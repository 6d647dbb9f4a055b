import { credentials, loadPackageDefinition, type ClientDuplexStream } from "@grpc/grpc-js";
import type { ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { cpuMicros, processTree } from "../process-tree.ts";
import { estimate } from "../statistics.ts";

// What one round trip to the plugin host costs in CPU, both processes together, over a socket pair with frames of our
// own and over gRPC on a Unix socket; in both, what is sent in one turn of the event loop is packed into one write.
// Usage: node bench/host-link/main.ts [rounds]
const FRAME = 500;
const CALLS = 40_000;
const CHILD = fileURLToPath(new URL("echo-child.ts", import.meta.url));

/** Sends one packet of frames; `answered` hears how many frames came back. */
interface Link extends Disposable {
  send(frames: Buffer): void;
  answered: (bytes: number) => void;
}

interface Packet {
  readonly frames: Buffer;
}

async function socketLink(): Promise<Link> {
  const child = spawn(process.execPath, [CHILD, "socket"], { stdio: ["ignore", "pipe", "inherit", "pipe"] });
  if (child.stdout === null) throw new Error("no standard output");
  await once(child.stdout, "data");
  const socket = child.stdio[3] as Socket;
  const link: Link = {
    send: (frames) => socket.write(frames),
    answered: () => {},
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
  socket.on("data", (bytes: Buffer) => link.answered(bytes.length));
  return link;
}

async function grpcLink(): Promise<Link> {
  const path = join(tmpdir(), `sluice-bench-${process.pid}.sock`);
  rmSync(path, { force: true });
  const child = spawn(process.execPath, [CHILD, path], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const definition = loadSync(fileURLToPath(new URL("echo.proto", import.meta.url)));
  const { bench } = loadPackageDefinition(definition) as unknown as {
    readonly bench: { readonly Echo: ServiceClientConstructor };
  };
  const client = new bench.Echo(`unix:${path}`, credentials.createInsecure());
  const stream = client["Stream"]?.call(client) as ClientDuplexStream<Packet, Packet>;
  stream.on("error", () => {});
  const link: Link = {
    send: (frames) => stream.write({ frames }),
    answered: () => {},
    [Symbol.dispose]: () => {
      client.close();
      child.kill("SIGKILL");
    },
  };
  stream.on("data", (packet: Packet) => link.answered(packet.frames.length));
  return link;
}

/** CPU microseconds per round trip with so many frames in flight. */
async function cost(link: Link, inFlight: number, calls: number): Promise<number> {
  let left = calls;
  let queued = inFlight;
  const flush = (): void => {
    link.send(Buffer.alloc(queued * FRAME, 1));
    queued = 0;
  };
  const before = cpuMicros(processTree(process.pid));
  await new Promise<void>((resolve) => {
    link.answered = (bytes) => {
      left -= bytes / FRAME;
      if (left <= 0) return resolve();
      if (queued === 0) setImmediate(flush);
      queued += bytes / FRAME;
    };
    flush();
  });
  return (cpuMicros(processTree(process.pid)) - before) / calls;
}

const rounds = Number(process.argv[2] ?? 9);
const samples = new Map<string, number[]>();
using socket = await socketLink();
using grpc = await grpcLink();
for (let round = 0; round < rounds; round++) {
  for (const [name, link] of Object.entries({ "socket pair": socket, gRPC: grpc })) {
    for (const inFlight of [1, 32]) {
      const key = `${name}, ${inFlight} in flight`;
      const micros = await cost(link, inFlight, inFlight === 1 ? CALLS / 8 : CALLS);
      samples.set(key, [...(samples.get(key) ?? []), micros]);
    }
  }
}
for (const [name, values] of samples) {
  const { median, low, high } = estimate(values);
  process.stdout.write(`${name}: ${median.toFixed(1)} µs (${low.toFixed(1)}–${high.toFixed(1)})\n`);
}
process.exit(0);
