import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { H1Server } from "../../../test/support/h1-proxy.ts";
import { RawSocket } from "../../../test/support/raw-socket.ts";
import type { BodySink, BodySource, ServerExchange } from "../exchange.ts";
import { WireError } from "../wire-error.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

function answer(exchange: ServerExchange, text: string | undefined = exchange.head.target): void {
  exchange.respond({ status: 200, headers: HeaderBlock.empty }, Buffer.from(text));
}

/** What a handler reads of a body. */
class Collected implements BodySink {
  text = "";
  outcome: string | undefined;
  trailers: HeaderBlock | undefined;

  chunk(bytes: Buffer): boolean {
    this.text += bytes.toString("latin1");
    return true;
  }

  end(trailers: HeaderBlock | undefined): void {
    this.trailers = trailers;
    this.outcome = "end";
  }

  fail(error: WireError): void {
    this.outcome = error.code;
  }
}

/** A body that a test feeds by hand. */
class HandFed implements BodySource {
  readonly length: number | undefined;
  sink: BodySink | undefined;
  cancelled: string | undefined;

  constructor(length?: number) {
    this.length = length;
  }

  start(sink: BodySink): void {
    this.sink = sink;
  }

  resume(): void {
    // The test decides when bytes come.
  }

  cancel(reason: WireError): void {
    this.cancelled = reason.code;
  }
}

test("pipelined requests are answered in order, one exchange at a time", async () => {
  const exchanges: ServerExchange[] = [];
  await using server = await H1Server.listen((exchange) => void exchanges.push(exchange));
  await using client = await RawSocket.connect(server.port);

  client.write(
    "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
  );
  for (const target of ["/1", "/2", "/3"]) {
    await expect.poll(() => exchanges.at(-1)?.head.target).toBe(target);
    answer(exchanges.at(-1) as ServerExchange);
    await client.untilText(target);
  }

  expect(exchanges).toHaveLength(3);
});

test("thousands of pipelined requests with bodies, answered at once, neither nest nor pile up", async () => {
  await using server = await H1Server.listen((exchange) => {
    const body = new Collected();
    exchange.body.start(body);
    answer(exchange, "x");
  });
  await using client = await RawSocket.connect(server.port);

  const count = 5_000;
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc".repeat(count));

  const received = await client.until((text) => text.split("HTTP/1.1 200 OK").length === count + 1);
  expect(received.split("\r\n\r\nx")).toHaveLength(count + 1);
});

test("an exchange that is over does not reach the next one of its connection", async () => {
  const exchanges: ServerExchange[] = [];
  await using server = await H1Server.listen((exchange) => {
    exchanges.push(exchange);
    if (exchanges.length === 1) answer(exchange, "first");
  });
  await using client = await RawSocket.connect(server.port);
  client.write(GET + GET);
  await client.untilText("first");
  await expect.poll(() => exchanges.length).toBe(2);

  const late = new HandFed();
  exchanges[0]?.respond({ status: 500, headers: HeaderBlock.empty }, late);
  exchanges[0]?.abort(new WireError("cancelled", "late"));
  answer(exchanges[1] as ServerExchange, "second");

  const received = await client.untilText("second");
  expect(received).not.toContain("500");
  expect(late.cancelled).toBe("client_gone");
});

test.each([
  ["HEAD", 200, "Content-Length: 5\r\n"],
  ["GET", 304, "Content-Length: 5\r\n"],
  ["GET", 204, ""],
])("an answer to %s with %i has no bytes behind its head", async (method, status, lengthLine) => {
  await using server = await H1Server.listen((exchange) =>
    exchange.respond({ status, headers: HeaderBlock.empty }, Buffer.from("hello")),
  );
  await using client = await RawSocket.connect(server.port);

  client.write(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(2));

  const received = await client.until((text) => text.split("HTTP/1.1 ").length === 3);
  expect(received).toMatch(new RegExp(`^(HTTP/1.1 ${status} [^\r]*\r\n${lengthLine}\r\n){2}$`));
});

test("a body without a length is chunked with its trailers, and the connection is kept", async () => {
  await using server = await H1Server.listen((exchange) => {
    const body = new HandFed();
    exchange.respond({ status: 200, headers: HeaderBlock.empty }, body);
    body.sink?.chunk(Buffer.from("hello"));
    body.sink?.chunk(Buffer.alloc(0));
    body.sink?.end(HeaderBlock.fromFlat(["X-Sum", "5"]));
  });
  await using client = await RawSocket.connect(server.port);

  client.write(GET);
  const whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n";
  expect(await client.untilText("X-Sum: 5\r\n\r\n")).toBe(whole);

  client.write(GET);
  await client.until((received) => received === whole + whole);
});

test("a client of HTTP/1.0 gets a body without a length until the connection closes", async () => {
  await using server = await H1Server.listen((exchange) => {
    const body = new HandFed();
    exchange.inform({ status: 103, headers: HeaderBlock.empty });
    exchange.respond({ status: 200, headers: HeaderBlock.empty }, body);
    body.sink?.chunk(Buffer.from("hello"));
    body.sink?.end(undefined);
  });
  await using client = await RawSocket.connect(server.port);

  client.write("GET / HTTP/1.0\r\n\r\n");

  expect(await client.untilEnd()).toBe("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
  expect(client.error).toBeUndefined();
});

test("a broken answer to a client of HTTP/1.0 ends in a reset, since a close would make it look whole", async () => {
  const body = new HandFed();
  await using server = await H1Server.listen((exchange) =>
    exchange.respond({ status: 200, headers: HeaderBlock.empty }, body),
  );
  await using client = await RawSocket.connect(server.port);
  client.write("GET / HTTP/1.0\r\n\r\n");
  await expect.poll(() => body.sink).toBeDefined();
  body.sink?.chunk(Buffer.from("hel"));
  await client.untilText("hel");

  body.sink?.fail(new WireError("upstream_closed_early", "gone"));

  await client.untilClosed();
  expect(client.error).toBe("ECONNRESET");
});

test.each([2, 8])(
  "a source that gives %i bytes where 5 were announced cuts the connection",
  async (given) => {
    const body = new HandFed(5);
    const aborted = Promise.withResolvers<WireError>();
    await using server = await H1Server.listen((exchange) => {
      exchange.watcher = { aborted: aborted.resolve };
      exchange.respond({ status: 200, headers: HeaderBlock.empty }, body);
    });
    await using client = await RawSocket.connect(server.port);
    client.write(GET);
    await expect.poll(() => body.sink).toBeDefined();

    body.sink?.chunk(Buffer.alloc(given, "x"));
    body.sink?.end(undefined);

    expect((await client.untilEnd()).split("\r\n\r\n")[1]?.length).toBeLessThan(5);
    expect((await aborted.promise).code).toBe("cancelled");
  },
);

test("100 is answered when the handler asks for the body, 1xx pass, and HTTP/1.1 is kept", async () => {
  const body = new Collected();
  await using server = await H1Server.listen((exchange) => {
    expect(exchange.head.expectsContinue).toBe(true);
    exchange.proceed();
    exchange.proceed();
    exchange.inform({ status: 103, headers: HeaderBlock.fromFlat(["Link", "</a>"]) });
    exchange.body.start(body);
    body.end = () => answer(exchange, body.text);
  });
  await using client = await RawSocket.connect(server.port);

  client.write("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  await client.untilText("103 Early Hints\r\nLink: </a>\r\n\r\n");
  client.write("body");

  const received = await client.untilText("body");
  expect(received.startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103")).toBe(true);
  expect(received.split("100 Continue")).toHaveLength(2);
  expect(received).not.toContain("Connection: close");
});

test("an expectation that is not met closes the connection, because the body may follow or not", async () => {
  await using server = await H1Server.listen((exchange) =>
    exchange.respond({ status: 403, headers: HeaderBlock.empty }, undefined),
  );
  await using client = await RawSocket.connect(server.port);

  client.write("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");

  expect(await client.untilEnd()).toBe(
    "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
  );
});

test("after an early answer a short rest of the request is dropped and the connection kept", async () => {
  await using server = await H1Server.listen((exchange) => answer(exchange));
  await using client = await RawSocket.connect(server.port);

  client.write("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  await client.untilText("/early");
  client.write("x".repeat(1000));
  client.write(GET.replace("/", "/next"));

  expect(await client.untilText("/next")).not.toContain("Connection: close");
});

test("after an early answer a long rest closes the connection, and the answer can still be read", async () => {
  await using server = await H1Server.listen((exchange) => answer(exchange));
  await using client = await RawSocket.connect(server.port);

  client.write("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
  client.write(Buffer.alloc(500_000));

  expect(await client.untilEnd()).toMatch(/Connection: close\r\n.*\r\n\r\n\/early$/s);
  expect(client.error).toBeUndefined();
});

test("an early answer does not stop a body that somebody takes", async () => {
  const body = new Collected();
  await using server = await H1Server.listen((exchange) => {
    if (exchange.head.method === "POST") exchange.body.start(body);
    answer(exchange);
  });
  await using client = await RawSocket.connect(server.port);
  client.write("POST /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  await client.untilText("/early");

  client.write("3\r\ndef\r\n0\r\nX-Sum: 6\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");

  await client.untilText("/next");
  expect(body.text).toBe("abcdef");
  expect(body.trailers?.toFlat()).toEqual(["X-Sum", "6"]);
});

test("a body that its taker gives up behind an early answer is dropped, but not for ever", async () => {
  const exchanges: ServerExchange[] = [];
  const body = new Collected();
  await using server = await H1Server.listen((exchange) => {
    exchanges.push(exchange);
    exchange.body.start(body);
    answer(exchange);
  });
  await using client = await RawSocket.connect(server.port);
  client.write("POST /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  expect(await client.untilText("/early")).not.toContain("Connection: close");

  exchanges[0]?.body.cancel(new WireError("upstream_reset", "the app closed"));
  client.write(`10000\r\n${"x".repeat(0x10000)}\r\n`.repeat(3));

  await client.untilEnd();
  expect([body.text, client.error]).toEqual(["", undefined]);
});

test("a client that half-closed behind its requests gets all its answers", async () => {
  const exchanges: ServerExchange[] = [];
  await using server = await H1Server.listen((exchange) => void exchanges.push(exchange));
  await using client = await RawSocket.connect(server.port);

  client.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  client.socket.end();
  await expect.poll(() => exchanges.length).toBe(1);
  answer(exchanges[0] as ServerExchange);
  await expect.poll(() => exchanges.length).toBe(2);
  answer(exchanges[1] as ServerExchange);

  const received = await client.untilClosed();
  expect(received).toMatch(/\/1.*Connection: close.*\/2$/s);
  expect(client.error).toBeUndefined();
});

test("a client that is gone is told to the handler, with the body and the answer it was at", async () => {
  const told = Promise.withResolvers<WireError>();
  const request = new Collected();
  const response = new HandFed();
  await using server = await H1Server.listen((exchange) => {
    exchange.watcher = { aborted: told.resolve };
    exchange.body.start(request);
    exchange.respond({ status: 200, headers: HeaderBlock.empty }, response);
  });
  await using client = await RawSocket.connect(server.port);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  await expect.poll(() => request.text).toBe("abc");

  client.socket.resetAndDestroy();

  expect((await told.promise).code).toBe("client_gone");
  expect(request.outcome).toBe("client_gone");
  expect(response.cancelled).toBe("client_gone");
});

test("drain lets an exchange finish with Connection: close, and closes idle connections at once", async () => {
  const exchanges: ServerExchange[] = [];
  await using server = await H1Server.listen((exchange) => void exchanges.push(exchange));
  await using idle = await RawSocket.connect(server.port);
  await using busy = await RawSocket.connect(server.port);
  busy.write(GET);
  await expect.poll(() => exchanges.length).toBe(1);

  for (const connection of server.connections) connection.drain();
  expect(await idle.untilEnd()).toBe("");
  answer(exchanges[0] as ServerExchange, "done");

  expect(await busy.untilEnd()).toMatch(/Connection: close\r\n.*done$/s);
  idle.socket.end();
  busy.socket.end();
  await server.emptied();
});

test.each([
  ["a version of its own", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "unsupported_version"],
  ["no version", "GET /\r\n\r\n", 400, "bad_request"],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", 400, "bad_request"],
  ["a long target", `GET /${"x".repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, "target_too_long"],
  ["a long field", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(40_000)}\r\n\r\n`, 431, "header_too_large"],
  ["many fields", `GET / HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(300)}\r\n`, 431, "header_too_large"],
  ["an end within its head", "GET / HTTP/1.1\r\nHost: a\r\n", 400, "bad_request"],
])(
  "a request with %s is refused without an exchange, and the client can read why",
  async (_, head, status, code) => {
    let exchanges = 0;
    await using server = await H1Server.listen(() => void exchanges++);
    await using client = await RawSocket.connect(server.port);

    client.write(head);
    client.socket.end();

    const received = await client.untilEnd();
    expect(received).toMatch(
      new RegExp(`^HTTP/1.1 ${status} .*x-mesh-error: ${code}\r\n.*Connection: close\r\n`, "s"),
    );
    expect(client.error).toBeUndefined();
    expect(exchanges).toBe(0);
    await server.emptied();
  },
);

test("a bad chunk ends the exchange with 400 while its answer is awaited", async () => {
  const body = new Collected();
  const aborted = Promise.withResolvers<WireError>();
  await using server = await H1Server.listen((exchange) => {
    exchange.watcher = { aborted: aborted.resolve };
    exchange.body.start(body);
  });
  await using client = await RawSocket.connect(server.port);

  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");

  expect(await client.untilEnd()).toMatch(/^HTTP\/1.1 400 .*x-mesh-error: bad_request/s);
  expect((await aborted.promise).code).toBe("bad_request");
  expect(body.text).toBe("abc");
  expect(body.outcome).toBe("bad_request");
});
