import { afterAll, beforeAll, expect, test } from "vitest";

import { TestMesh } from "../support/mesh.ts";
import { RawServer, RawSocket } from "../support/raw-socket.ts";

let app: RawServer;
let mesh: TestMesh;

beforeAll(async () => {
  app = await RawServer.listen((connection) => {
    connection.socket.on("data", () => connection.write("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"));
  });
  mesh = await TestMesh.start({ app: app.port, settings: { accessLogSample: 0, lingerTimeout: "100ms" } });
});

afterAll(async () => {
  for (const each of [mesh, app]) await each[Symbol.asyncDispose]();
});

async function ask(port: number, request: string): Promise<string> {
  await using client = await RawSocket.connect(port);
  client.write(request);
  return await client.until((received) => received.includes("\r\n\r\n"));
}

async function lineOf(error: string): Promise<Record<string, unknown>> {
  const [line = ""] = await mesh.child.line(new RegExp(`^.*"error":"${error}".*$`, "m"));
  return JSON.parse(line) as Record<string, unknown>;
}

test("a head that the sidecar refuses by itself is in the metrics, and in the log with the reason", async () => {
  const answer = await ask(mesh.inbound, "GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n");

  expect(answer).toContain("HTTP/1.1 417 ");
  expect(await lineOf("expectation_failed")).toMatchObject({
    msg: "exchange",
    listener: "inbound",
    remoteIp: "127.0.0.1",
    status: 417,
    reason: "an expectation other than 100-continue",
  });
  const labels = { listener: "inbound", status_class: "4xx", error: "expectation_failed" };
  expect(await mesh.metric("sluice_exchanges_total", labels)).toBe(1);
});

test("an exchange that fails on the wire has the reason in its line", async () => {
  const answer = await ask(mesh.inbound, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");

  expect(answer).toContain("HTTP/1.1 502 ");
  expect(await lineOf("upstream_invalid")).toMatchObject({
    path: "/x",
    reason: expect.stringContaining("Content-Length") as string,
  });
});
