import { expect, test } from "vitest";

import { H1Proxy } from "../../../test/support/h1-proxy.ts";
import { RawServer, RawSocket } from "../../../test/support/raw-socket.ts";
import { turn } from "../../../test/support/turns.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const HALF = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Short, and all different from one another where it matters which one cuts. */
const SHORT = { connect: 50, response: 50, bodyIdle: 50, linger: 30 } as const;

/** An app that answers each piece of a request with the next of these, and then with nothing. */
function saying(...answers: readonly string[]): (connection: RawSocket) => void {
  let said = 0;
  return (connection) =>
    void connection.socket.on("data", () => {
      const answer = answers[said++];
      if (answer !== undefined) connection.write(answer);
    });
}

test("an app that never answers is a 504 and loses its connection", async () => {
  await using app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port, SHORT);
  await using client = await RawSocket.connect(proxy.port);

  client.write(GET);

  expect(await client.untilText("}\n")).toMatch(/^HTTP\/1.1 504 .*x-mesh-error: upstream_timeout/s);
  await expect.poll(() => app.open).toBe(0);
  expect(proxy.pool.open).toBe(0);
});

test("an app that stops within its head is a 504", async () => {
  await using app = await RawServer.listen(saying("HTTP/1.1 200 OK\r\nContent-"));
  await using proxy = await H1Proxy.to(app.port, SHORT);
  await using client = await RawSocket.connect(proxy.port);

  client.write(GET);

  expect(await client.untilText("}\n")).toMatch(/x-mesh-error: upstream_timeout/);
});

test("an answer that stalls is cut and never looks whole", async () => {
  await using app = await RawServer.listen(saying(HALF));
  await using proxy = await H1Proxy.to(app.port, SHORT);
  await using client = await RawSocket.connect(proxy.port);

  client.write(GET);

  expect(await client.untilEnd()).toMatch(/Content-Length: 10\r\n\r\nhalf$/);
  await proxy.server.emptied();
  expect(proxy.pool.open).toBe(0);
});

test.each([
  ["closes within a body of known length", HALF],
  ["closes within a chunk", `${CHUNKED}a\r\nhalf`],
  ["closes before the last chunk", `${CHUNKED}4\r\nhalf\r\n`],
  ["closes within its trailers", `${CHUNKED}4\r\nhalf\r\n0\r\nX: y\r\n`],
])("an app that %s has its client cut", async (_, answer) => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.once("data", () => connection.socket.end(answer));
  });
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  client.write(GET);

  const received = await client.untilEnd();
  expect(received).toContain("half");
  expect(received.endsWith("0\r\n\r\n")).toBe(false);
  await proxy.server.emptied();
});

test("an app whose chunks go wrong has its client cut", async () => {
  await using app = await RawServer.listen(saying(`${CHUNKED}4\r\nhalf\r\n`));
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);
  client.write(GET);
  await client.untilText("half");

  (await app.accept()).write("zz\r\n0\r\n\r\n");

  expect((await client.untilEnd()).endsWith("half\r\n")).toBe(true);
  expect(proxy.pool.open).toBe(0);
});

test.each([
  ["resets before an answer", "", 502, "upstream_reset"],
  ["closes within its head", "HTTP/1.1 200 OK\r\nContent-", 502, "upstream_closed_early"],
  ["speaks another protocol", "220 smtp.example ESMTP\r\n", 502, "upstream_invalid"],
  [
    "says two lengths",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    502,
    "upstream_invalid",
  ],
  ["switches without being asked", "HTTP/1.1 101 Switching Protocols\r\n\r\n", 502, "upstream_invalid"],
  ["sends a head without an end", `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(10_000)}`, 502, "upstream_invalid"],
  ["sends 1xx without an end", "HTTP/1.1 100 Continue\r\n\r\n".repeat(200), 502, "upstream_invalid"],
])("an app that %s is told to the client in its own words", async (_, answer, status, code) => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.once("data", () => connection.socket.end(answer));
  });
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  client.write(GET);

  const received = await client.untilText("}\n");
  expect(received).toMatch(new RegExp(`^HTTP/1.1 ${status} .*x-mesh-error: ${code}\r\n`, "s"));
  expect(proxy.pool.open).toBe(0);
});

test("an app that is not there is a 502 that says so", async () => {
  const app = await RawServer.listen();
  await using proxy = await H1Proxy.to(app.port);
  await app[Symbol.asyncDispose]();
  await using client = await RawSocket.connect(proxy.port);

  client.write(GET);

  expect(await client.untilText("}\n")).toMatch(/^HTTP\/1.1 502 .*x-mesh-error: upstream_refused/s);
});

test("bytes behind an answer are nobody's answer: the connection is not used again", async () => {
  await using app = await RawServer.listen(saying(OK + OK.replace("ok", "no"), OK));
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  client.write(GET);
  await client.untilText("ok");
  client.write(GET);

  expect(await client.until((received) => received.split("ok").length === 3)).not.toContain("no");
  expect(app.accepted).toBe(2);
});

test("bytes on an idle connection close it", async () => {
  await using app = await RawServer.listen(saying(OK, OK));
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);
  client.write(GET);
  await client.untilText("ok");
  expect(proxy.pool.idle).toBe(1);

  (await app.accept()).write(OK.replace("ok", "no"));
  await expect.poll(() => proxy.pool.open).toBe(0);
  client.write(GET);

  expect(await client.until((received) => received.split("ok").length === 3)).not.toContain("no");
  expect(app.accepted).toBe(2);
});

test("an app that closes a kept connection just as it is used again costs nobody an error", async () => {
  await using app = await RawServer.listen((connection) => {
    let requests = 0;
    connection.socket.on("data", () => {
      requests++;
      if (requests === 1) connection.write(OK);
      else connection.socket.resetAndDestroy();
    });
  });
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  for (let i = 0; i < 4; i++) {
    client.write(GET);
    await client.until((received) => received.split("ok").length === i + 2);
  }

  expect(client.received).toBe(OK.repeat(4));
  expect(proxy.pool.counts).toEqual({ connects: 4, reuses: 3, resends: 3 });
});

test("an app that answers before it has read the request, and closes, is still heard", async () => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.once("data", () =>
      connection.socket.end(
        "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig",
      ),
    );
  });
  await using proxy = await H1Proxy.to(app.port);
  await using client = await RawSocket.connect(proxy.port);

  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  client.write(Buffer.alloc(20_000));

  expect(await client.untilText("big")).toMatch(/^HTTP\/1.1 413 /);
});

test("an app that answers an upload early and resets its connection is heard all the same", async () => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.once("data", () => {
      connection.socket.pause();
      connection.write("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig");
      // With bytes unread: the kernel resets.
      setImmediate(() => connection.socket.destroy());
    });
  });
  await using proxy = await H1Proxy.to(app.port);
  const upload = async (): Promise<string> => {
    await using client = await RawSocket.connect(proxy.port);
    client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16000000\r\n\r\n");
    const piece = Buffer.alloc(16_000);
    for (let sent = 0; sent < 1000 && client.received === ""; sent++) {
      client.write(piece);
      await turn();
    }
    return (await client.until((received) => received !== "")).slice(9, 12);
  };

  const statuses = await Promise.all(Array.from({ length: 20 }, upload));

  expect(new Set(statuses)).toEqual(new Set(["413"]));
});

test("an app that does not read the request is given up", async () => {
  await using app = await RawServer.listen((connection) => void connection.socket.pause());
  await using proxy = await H1Proxy.to(app.port, SHORT);
  await using client = await RawSocket.connect(proxy.port);

  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  client.socket.write(Buffer.alloc(100_000_000));

  expect(await client.untilText("}\n")).toMatch(/^HTTP\/1.1 504 .*x-mesh-error: upstream_body_timeout/s);
  expect(proxy.pool.open).toBe(0);
});
