import { once } from "node:events";
import http from "node:http";
import { expect, test } from "vitest";

import { H1Proxy } from "../../../test/support/h1-proxy.ts";
import { RawServer, RawSocket } from "../../../test/support/raw-socket.ts";

const GET = "GET /a?b=c HTTP/1.1\r\nHost: app.example\r\nX-Case: Kept\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

test("a request reaches the app as it was sent, and its answer comes back in one write", async () => {
  await using app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  client.write(GET);
  const connection = await app.accept();
  expect(await connection.untilText("\r\n\r\n")).toBe(GET);
  connection.write(OK);

  expect(await client.untilText("ok")).toBe(OK);
});

test("requests on a kept connection go one by one over one kept connection to the app", async () => {
  await using app = await RawServer.listen((connection) => {
    let answered = 0;
    connection.socket.on("data", () => connection.write(OK.replace("ok", `k${answered++}`)));
  });
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  for (let i = 0; i < 5; i++) {
    client.write(GET);
    await client.untilText(`k${i}`);
  }

  expect(app.accepted).toBe(1);
  expect(proxy.pool.counts).toEqual({ connects: 1, reuses: 4, resends: 0 });
});

test("node:http through the proxy to node:http: methods, bodies, and headers arrive", async () => {
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.setHeader("x-method", request.method ?? "");
      response.end(Buffer.concat(chunks));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  await using proxy = await H1Proxy.to((server.address() as { port: number }).port);

  const body = "x".repeat(300_000);
  const answer = await fetch(`http://127.0.0.1:${proxy.port}/`, { method: "POST", body });

  expect(answer.headers.get("x-method")).toBe("POST");
  expect(await answer.text()).toBe(body);
  server.close();
  server.closeAllConnections();
});
