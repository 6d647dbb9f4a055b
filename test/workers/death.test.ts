import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { Child } from "../support/child.ts";
import { tagger } from "../support/file-mesh.ts";
import { RawServer, RawSocket } from "../support/raw-socket.ts";
import { familyOf, tagsOfBoth, twoWorkers, untilGone, workerPid } from "../support/worker-mesh.ts";

const TAG = { tag: { source: tagger("one") } };
const REQUEST = "GET /echo HTTP/1.1\r\nhost: a\r\n\r\n";

test("a worker that is killed costs only its own connections, and is replaced", async () => {
  await using app = await TestApp.start();
  await using mesh = await twoWorkers({ app: app.port, plugins: TAG });
  const sockets = await Promise.all(Array.from({ length: 16 }, () => RawSocket.connect(mesh.inbound)));
  for (const socket of sockets) socket.write(REQUEST);
  for (const socket of sockets) await socket.untilText('"x-v","one"');
  const its = await mesh.metric("sluice_worker_connections", { worker: "1" });
  const before = await mesh.metric("sluice_exchanges_total");
  const dead = await workerPid(mesh, 1);
  const family = familyOf(dead);

  process.kill(dead, "SIGKILL");
  await untilGone(family);
  await workerPid(mesh, 1, dead);

  const alive = sockets.filter(({ socket }) => !socket.destroyed && !socket.readableEnded);
  for (const socket of alive) socket.write(REQUEST);
  for (const socket of alive) await socket.until((text) => text.split("HTTP/1.1 200").length === 3);
  expect(sockets.length - alive.length).toBe(its);
  expect(await mesh.metric("sluice_worker_deaths_total", { cause: "signal" })).toBe(1);
  expect(await mesh.metric("sluice_exchanges_total")).toBe(before + alive.length);
  expect(new Set(await tagsOfBoth(mesh))).toEqual(new Set(["one"]));
  for (const socket of sockets) await socket[Symbol.asyncDispose]();
});

test("workers do not follow signals of their own, and do not outlive their supervisor", async () => {
  await using app = await TestApp.start();
  await using mesh = await twoWorkers({ app: app.port, plugins: TAG });
  const family = familyOf(mesh.child.pid);
  for (const number of [1, 2]) process.kill(await workerPid(mesh, number), "SIGTERM");
  expect(new Set(await tagsOfBoth(mesh))).toEqual(new Set(["one"]));

  await mesh.child.end("SIGKILL");
  await untilGone(family);

  await expect(RawSocket.connect(mesh.inbound)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect(family.length).toBeGreaterThan(4);
});

test("a start that cannot be says why, ends with 1 and leaves no process", async () => {
  await using taken = await RawServer.listen();
  const main = new URL("../../sidecar/main.ts", import.meta.url).pathname;
  const flags = ["--workers", "2", "--inbound", `127.0.0.1:${taken.port}`, "--admin", "127.0.0.1:0"];
  await using child = new Child(process.execPath, [main, ...flags]);

  await child.line(new RegExp(`sluice sidecar: worker 1: cannot listen on 127.0.0.1:${taken.port}`));
  const family = familyOf(child.pid);

  expect(await child.end("SIGCONT")).toBe(1);
  await untilGone(family);
});

test.for(["0", "65", "many", "1.5"])("--workers %s is refused", async (value) => {
  const main = new URL("../../sidecar/main.ts", import.meta.url).pathname;
  await using child = new Child(process.execPath, [main, "--workers", value]);

  await child.line(/--workers: expected 1 to 64, or auto, not/);

  expect(await child.end("SIGCONT")).toBe(1);
});
