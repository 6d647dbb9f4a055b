import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { tagger } from "../support/file-mesh.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { familyOf, tagsOfBoth, twoWorkers, untilGone } from "../support/worker-mesh.ts";

const TAG = { tag: { source: tagger("one") } };

interface LogLine {
  readonly msg: string;
  readonly worker?: number;
  readonly id?: number;
}

test("both workers serve on one port, their metrics add up, and every line of the log is whole", async () => {
  await using app = await TestApp.start();
  await using mesh = await twoWorkers({ app: app.port, plugins: TAG });

  const sent = (await tagsOfBoth(mesh)).length;
  const exchanges = await mesh.metric("sluice_exchanges_total");
  const ofEach = await mesh.metric("sluice_worker_exchanges_total");
  const buckets = await mesh.metric("sluice_exchange_duration_seconds_bucket", { le: "+Inf" });
  const calls = await mesh.metric("sluice_plugin_calls_total", { plugin: "tag" });
  expect({ exchanges, ofEach, buckets, calls }).toEqual({
    exchanges: sent,
    ofEach: sent,
    buckets: sent,
    calls: sent,
  });

  expect(await mesh.child.end("SIGTERM")).toBe(0);
  const lines = mesh.child.output.split("\n").map((line) => JSON.parse(line) as LogLine);
  const logged = lines.filter(({ msg }) => msg === "exchange").map(({ worker, id }) => `${worker}:${id}`);
  expect(new Set(logged).size).toBe(sent);
  expect(lines.at(-1)).toMatchObject({ msg: "drained" });
});

test("pages show each worker under its number, and what is posted reaches all", async () => {
  await using app = await TestApp.start();
  await using mesh = await twoWorkers({ app: app.port, plugins: TAG });
  const page = async (path: string): Promise<unknown> => (await mesh.ask(path)).json();
  const post = async (path: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${mesh.admin}${path}`, { method: "POST" })).status;

  const running = { plugins: [{ name: "tag", ready: true }] };
  expect(await page("/plugins")).toMatchObject({
    packages: [{ name: "tag" }],
    workers: { 1: running, 2: running },
  });
  expect(await page("/live")).toMatchObject({
    workers: { 1: { state: "serving" }, 2: { state: "serving" } },
  });
  expect(await page("/clusters")).toMatchObject({
    workers: { 1: { endpoints: [{}] }, 2: { endpoints: [{}] } },
  });
  expect(await page("/config_dump")).toMatchObject({
    configuration: { lastApplied: true, inForce: { loads: [{ plugin: "tag", state: "serving" }] } },
  });
  expect(await post("/plugins/tag/retry")).toBe(409);
  expect(await post("/plugins/nobody/retry")).toBe(404);
  expect(await post("/logging?level=silent")).toBe(200);
  expect(await post("/drain")).toBe(202);
  expect(await mesh.child.end("SIGCONT")).toBe(0);
  // The supervisor and both workers are silent: nobody says that it drained.
  expect(mesh.child.output).not.toContain("drained");
});

test("a drain lets what is under way end in both workers, and leaves no process", async () => {
  await using app = await TestApp.start();
  await using mesh = await twoWorkers({ app: app.port });
  const family = familyOf(mesh.child.pid);
  const sockets = await Promise.all(Array.from({ length: 12 }, () => RawSocket.connect(mesh.inbound)));
  for (const socket of sockets) {
    socket.write("POST /digest HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n");
    await socket.untilText("100 Continue");
  }
  const ofEach = await Promise.all(
    ["1", "2"].map((worker) => mesh.metric("sluice_worker_connections", { worker })),
  );
  expect(Math.min(...ofEach)).toBeGreaterThan(0);

  const ended = mesh.child.end("SIGTERM");
  await mesh.child.line(/"msg":"draining"/);
  for (const socket of sockets) socket.write("body");

  for (const socket of sockets) {
    expect(await socket.untilEnd()).toContain("HTTP/1.1 200");
    await socket[Symbol.asyncDispose]();
  }
  expect(await ended).toBe(0);
  await untilGone(family);
});
