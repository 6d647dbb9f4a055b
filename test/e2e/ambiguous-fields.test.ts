import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { TestMesh } from "../support/mesh.ts";
import { RawSocket } from "../support/raw-socket.ts";

const FIELDS = "X_Forwarded_For: 1.1.1.1\r\nx_mesh_symbol: blue\r\nX-Plain: a_b\r\n";

async function echoOverHttp1(port: number): Promise<string> {
  await using client = await RawSocket.connect(port);
  client.write(`GET /echo HTTP/1.1\r\nHost: app\r\n${FIELDS}\r\n`);
  return await client.untilText("]}");
}

async function echoOverHttp2(port: number): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":path": "/echo", x_forwarded_for: "1.1.1.1", "x-plain": "a_b" });
  let body = "";
  stream.setEncoding("utf8").on("data", (text: string) => (body += text));
  await once(stream, "end");
  session.close();
  await once(session, "close");
  return body;
}

test("request fields with underscores reach no app, over either protocol and at either listener", async () => {
  await using app = await TestApp.start();
  const services = { app: [`127.0.0.1:${app.port}`] };
  await using mesh = await TestMesh.start({ app: app.port, services });

  const answers = [
    await echoOverHttp1(mesh.inbound),
    await echoOverHttp1(mesh.outbound),
    await echoOverHttp2(mesh.inbound),
  ];

  for (const answer of answers) {
    expect(answer).not.toMatch(/x_forwarded_for|x_mesh_symbol/i);
    expect(answer).toMatch(/"x-plain","a_b"/i);
  }
  expect(await mesh.metric("sluice_request_fields_dropped_total", { listener: "inbound" })).toBe(3);
  expect(await mesh.metric("sluice_request_fields_dropped_total", { listener: "outbound" })).toBe(2);
});

test("they go on where that is configured", async () => {
  await using app = await TestApp.start();
  await using mesh = await TestMesh.start({ app: app.port, settings: { underscores: "allow" } });

  const answer = await echoOverHttp1(mesh.inbound);

  expect(answer).toContain('"X_Forwarded_For","1.1.1.1"');
  expect(answer).not.toContain("x_mesh_symbol");
});
