import { once } from "node:events";
import { expect, test } from "vitest";

import type { Child } from "../support/child.ts";
import { TestMesh } from "../support/mesh.ts";
import { RawServer, RawSocket } from "../support/raw-socket.ts";

const SLOW = { drainTimeout: "1h", accessLog: false };

/** A request that the app has got and never answers. */
async function hangingRequest(mesh: TestMesh, app: RawServer): Promise<RawSocket> {
  const client = await RawSocket.connect(mesh.inbound);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await (await app.accept()).untilText("\r\n\r\n");
  return client;
}

async function exitCode({ process }: Child): Promise<number | null> {
  if (process.exitCode === null && process.signalCode === null) await once(process, "close");
  return process.exitCode;
}

test.for([
  ["SIGINT", 1],
  ["SIGTERM", 1],
  ["SIGINT", 2],
] as const)("Ctrl-C after %s ends a drain at once, with code 130 (%i workers)", async ([first, workers]) => {
  await using app = await RawServer.listen();
  await using mesh = await TestMesh.start({
    app: app.port,
    settings: { ...SLOW, appProtocol: "http1", drainDelay: "1h", workers },
  });
  await using client = await hangingRequest(mesh, app);

  mesh.child.process.kill(first);
  await mesh.child.line(/"msg":"draining"/);
  mesh.child.process.kill("SIGINT");

  await client.untilEnd();
  expect(await exitCode(mesh.child)).toBe(130);
  expect(mesh.child.output).not.toContain('"msg":"drained"');
});

test("a SIGTERM that comes again changes nothing", async () => {
  await using app = await RawServer.listen();
  await using mesh = await TestMesh.start({
    app: app.port,
    settings: { ...SLOW, appProtocol: "http1", drainDelay: "0ms" },
  });
  await using client = await RawSocket.connect(mesh.inbound);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const upstream = await app.accept();
  await upstream.untilText("\r\n\r\n");

  mesh.child.process.kill("SIGTERM");
  await mesh.child.line(/"msg":"draining"/);
  mesh.child.process.kill("SIGTERM");
  upstream.write("HTTP/1.1 204 No Content\r\n\r\n");

  expect(await client.untilEnd()).toContain("204 No Content");
  expect(await exitCode(mesh.child)).toBe(0);
});
