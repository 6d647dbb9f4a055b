import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { TestMesh } from "../support/mesh.ts";
import { descriptors, residentMemory } from "../support/process-resources.ts";

const CONNECTIONS = 10_000;
/** At most this many are being opened at a time: the listen queue of the kernel is short. */
const AT_ONCE = 200;
const DEADLINE = 30_000;
const REQUEST = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n";

/** Each of the two processes needs a descriptor for each connection; where they may not have them this cannot be tried. */
const limit = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }));
const enough = limit > CONNECTIONS + 1_000;

let app: TestApp;
let mesh: TestMesh;

beforeAll(async () => {
  app = await TestApp.start();
  const timeout = `${DEADLINE}ms`;
  mesh = await TestMesh.start({
    app: app.port,
    settings: {
      accessLog: false,
      maxConnections: CONNECTIONS + 100,
      firstByteTimeout: timeout,
      keepAliveTimeout: timeout,
      lingerTimeout: "100ms",
    },
  });
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

test.skipIf(!enough)(
  `${CONNECTIONS} idle connections cost little, hold up nobody, and end at their deadline`,
  { timeout: 240_000 },
  async () => {
    const { pid } = mesh.child;
    const idle = descriptors(pid);
    const before = residentMemory(pid);
    let closed = 0;

    // Every second one has been served once and is kept, the others never say a word.
    for (let opened = 0; opened < CONNECTIONS; opened += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, index) => open(index % 2 === 0, () => closed++));
      await Promise.all(batch);
    }
    await expect
      .poll(() => descriptors(pid) - idle, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(CONNECTIONS - closed);
    const perConnection = (residentMemory(pid) - before) / CONNECTIONS;
    process.stdout.write(`${CONNECTIONS} idle connections: ${(perConnection / 1024).toFixed(1)} KiB each\n`);
    expect(closed).toBe(0);
    expect(perConnection).toBeLessThan(24 * 1024);

    const startedAt = performance.now();
    for (let turn = 0; turn < 50; turn++) await (await fetch(`http://127.0.0.1:${mesh.inbound}/echo`)).text();
    expect((performance.now() - startedAt) / 50).toBeLessThan(100);

    await expect.poll(() => closed, { timeout: DEADLINE * 3, interval: 200 }).toBe(CONNECTIONS);
    await expect.poll(() => descriptors(pid), { timeout: 20_000 }).toBeLessThan(idle + 20);
  },
);

/** One connection, asked something on it or nothing; it goes when the sidecar ends it. */
async function open(asking: boolean, onClose: () => void): Promise<Socket> {
  const socket = connect({ port: mesh.inbound, host: "127.0.0.1" });
  await once(socket, "connect");
  socket.on("close", onClose);
  if (asking) {
    socket.write(REQUEST);
    await once(socket, "data");
  }
  socket.resume();
  return socket;
}
