import { once } from "node:events";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { TestMesh } from "../support/mesh.ts";

test("CONNECT at the inbound listener is refused, so that no pipe to the app passes the chain by", async () => {
  await using app = await TestApp.start();
  await using mesh = await TestMesh.start({ app: app.port });
  const socket = connect(mesh.inbound, "127.0.0.1");

  socket.write("CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  await once(socket, "close");

  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test("a tunnel on the outbound listener carries bytes both ways", async () => {
  await using app = await TestApp.start();
  await using mesh = await TestMesh.start({ app: app.port });
  const opening = request({ port: mesh.outbound, method: "CONNECT", path: `127.0.0.1:${app.port}` });
  opening.end();
  const [head, socket] = (await once(opening, "connect")) as [IncomingMessage, ReturnType<typeof connect>];

  socket.write("GET /echo HTTP/1.1\r\nHost: through\r\nConnection: close\r\n\r\n");
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  await once(socket, "end");
  socket.destroy();

  expect(head.statusCode).toBe(200);
  expect(answer).toContain('"Host","through"');
});
