import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { systemClock } from "../../../core/clock.ts";
import { constants } from "node:http2";
import { Http2Client, Http2Front } from "../../../test/support/http2-fixture.ts";
import { collect, requestTo } from "../../../test/support/http2-request.ts";
import { joinExchange } from "../../../test/support/join-exchange.ts";
import { RawServer } from "../../../test/support/raw-socket.ts";
import { Deadlines } from "../deadlines.ts";
import { Pool } from "../h1/pool.ts";
import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import type { WireError } from "../wire-error.ts";

test("who takes a request's body hears that the rest of it will not come once it was answered", async () => {
  const failed = Promise.withResolvers<WireError>();
  await using front = await Http2Front.start((exchange) => {
    exchange.body.start({ chunk: () => true, end: () => expect.unreachable(), fail: failed.resolve });
    exchange.respond({ status: 413, headers: HeaderBlock.empty }, Buffer.from("too much"));
  });
  await using client = new Http2Client(front.port);
  const upload = client.session.request(requestTo("/", "POST"));
  upload.write("half");

  expect((await collect(upload)).code).toBe(constants.NGHTTP2_NO_ERROR);

  expect((await failed.promise).code).toBe("cancelled");
});

test("an HTTP/1.1 app that answers an upload early and waits for the rest of it loses its connection", async () => {
  await using app = await RawServer.listen();
  const deadlines = new Deadlines(systemClock);
  const endpoint = { host: "127.0.0.1", port: app.port };
  const pool = new Pool({ endpoint, limits: DEFAULT_WIRE_LIMITS, deadlines });
  await using front = await Http2Front.start(joinExchange(pool));
  await using client = new Http2Client(front.port);
  const upload = client.session.request(requestTo("/", "POST"));
  upload.write("half");
  const connection = await app.accept();
  await connection.untilText("half");

  connection.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\ntoo much");
  expect((await collect(upload)).body.toString()).toBe("too much");

  await connection.untilEnd();
  expect(pool.open).toBe(0);
});
