import { once } from "node:events";

import { expect, test } from "vitest";

import { TestMesh } from "../support/mesh.ts";
import { RawServer } from "../support/raw-socket.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

test("a sidecar whose log nobody reads any more drains and ends", async () => {
  await using app = await RawServer.listen(() => {});
  await using mesh = await TestMesh.start({ app: app.port });

  mesh.child.process.stdout?.destroy();
  const code = await mesh.child.end("SIGTERM");

  expect(code).toBe(0);
});

test("a sidecar whose log is not being read serves, drains and ends", async () => {
  await using app = await RawServer.listen(({ socket }) => socket.on("data", () => socket.write(OK)));
  await using mesh = await TestMesh.start({ app: app.port, settings: { accessLog: true } });
  mesh.child.process.stdout?.pause();

  // Each line of the log has the path: more than what lies between the two processes can hold.
  const path = "x".repeat(7_000);
  for (let i = 0; i < 200; i++)
    expect((await fetch(`http://127.0.0.1:${mesh.inbound}/${path}`)).status).toBe(200);
  const ended = once(mesh.child.process, "exit");
  mesh.child.process.kill("SIGTERM");

  expect(await ended).toEqual([0, null]);
});
