import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";

import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { TestMesh } from "../support/mesh.ts";

/** More than Node lets wait by itself. */
const BURST = 800;
const REQUEST = "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/** Connections that may wait; not known elsewhere. */
const allowed =
  process.platform === "linux" ? Number(readFileSync("/proc/sys/net/core/somaxconn", "latin1")) : 0;

test.skipIf(allowed < BURST)(
  "a burst of connections in a turn that takes long waits in line, and is served",
  async () => {
    await using app = await TestApp.start();
    await using mesh = await TestMesh.start({ app: app.port, settings: { accessLog: false } });

    process.kill(mesh.child.pid, "SIGSTOP");
    const sockets = await Promise.all(Array.from({ length: BURST }, async () => opened(mesh.inbound)));
    process.kill(mesh.child.pid, "SIGCONT");
    const answers = await Promise.all(sockets.map(async (socket) => text(socket.end(REQUEST))));

    expect(answers.filter((answer) => !answer.startsWith("HTTP/1.1 200"))).toEqual([]);
  },
);

async function opened(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  return socket;
}
