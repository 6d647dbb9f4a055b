import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { H1Server } from "../../../test/support/h1-proxy.ts";
import { RawSocket } from "../../../test/support/raw-socket.ts";
import type { ExchangeHandler } from "../exchange.ts";

const answer: ExchangeHandler = (exchange) =>
  exchange.respond({ status: 200, headers: HeaderBlock.empty }, Buffer.from("ok"));
const SMALL = { targetBytes: 100, headBytes: 300 };

const HEADS: readonly (readonly [
  what: string,
  head: string,
  status: number,
  code: string,
  reason: RegExp,
])[] = [
  [
    "both lengths",
    "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    400,
    "bad_request",
    /Transfer-Encoding/,
  ],
  [
    "two lengths",
    "Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
    400,
    "bad_request",
    /Content-Length/,
  ],
  ["two Hosts", "Host: a\r\nHost: b\r\n", 400, "bad_request", /Host/],
  ["a bare LF", "Host: a\nX: y\r\n", 400, "bad_request", /./],
  ["a folded line", "Host: a\r\nX: y\r\n z\r\n", 400, "bad_request", /./],
  ["a long head", `Host: a\r\nX: ${"y".repeat(400)}\r\n`, 431, "header_too_large", /./],
  ["an expectation", "Host: a\r\nExpect: miracles\r\n", 417, "expectation_failed", /expectation/],
];

test.each(HEADS)(
  "a head with %s is told of, once, with what was wrong",
  async (_what, fields, status, code, reason) => {
    await using server = await H1Server.listen(answer, SMALL);
    await using client = await RawSocket.connect(server.port);

    client.write(`POST /x HTTP/1.1\r\n${fields}\r\n`);

    expect(await client.untilEnd()).toContain(`HTTP/1.1 ${status} `);
    expect(server.refused).toEqual([
      {
        peer: { remoteAddress: "127.0.0.1", remotePort: client.socket.localPort, localPort: server.port },
        protocol: "http/1.1",
        head: undefined,
        error: expect.objectContaining({ code, message: expect.stringMatching(reason) as string }) as Error,
        status,
      },
    ]);
  },
);

const LINES: readonly (readonly [line: string, code: string, reason: RegExp])[] = [
  [`GET /${"x".repeat(200)} HTTP/1.1`, "target_too_long", /100 bytes/],
  ["GET / HTTP/3.0", "unsupported_version", /HTTP\/3\.0/],
];

test.each(LINES)("so is the request line %s", async (line, code, reason) => {
  await using server = await H1Server.listen(answer, SMALL);
  await using client = await RawSocket.connect(server.port);

  client.write(`${line}\r\nHost: a\r\n\r\n`);
  await client.untilEnd();

  expect(server.refused).toMatchObject([{ error: { code } }]);
  expect(server.refused[0]?.error.message).toMatch(reason);
});

test("so is a head that does not come in time, and one that its client ends in the middle", async () => {
  await using server = await H1Server.listen(answer, { head: 30, linger: 30 });
  await using slow = await RawSocket.connect(server.port);
  slow.write("GET / HT");
  await slow.untilEnd();
  await using half = await RawSocket.connect(server.port);
  half.socket.end("GET / HT");
  await half.untilEnd();

  const codes = server.refused.map(({ error, status }) => [error.code, status]);
  expect(codes).toEqual([
    ["request_timeout", 408],
    ["bad_request", 400],
  ]);
});

test("what a handler saw is its own to tell: neither a good exchange nor a broken body is told of here", async () => {
  await using server = await H1Server.listen((exchange) => {
    if (exchange.head.method === "GET") answer(exchange);
    else exchange.body.start({ chunk: () => true, end: () => {}, fail: () => {} });
  });
  await using client = await RawSocket.connect(server.port);

  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("ok");
  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n");

  expect(await client.untilEnd()).toContain("HTTP/1.1 400 ");
  expect(server.refused).toEqual([]);
});
