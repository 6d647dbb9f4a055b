import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { ManualClock } from "../../../core/manual-clock.ts";
import { H1Server } from "../../../test/support/h1-proxy.ts";
import { Answer, poolTo, request } from "../../../test/support/pooled-call.ts";
import { RawServer, RawSocket } from "../../../test/support/raw-socket.ts";
import type { BodySink, BodySource, ResponseHead, ServerExchange } from "../exchange.ts";
import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { Deadlines } from "../deadlines.ts";

const { bodyIdle } = DEFAULT_WIRE_LIMITS;

/** Takes one piece and then no more until the test says so. */
class SlowSink implements BodySink {
  text = "";
  outcome: string | undefined;

  chunk(bytes: Buffer): boolean {
    this.text += bytes.toString("latin1");
    return false;
  }

  end(): void {
    this.outcome = "end";
  }

  fail(error: { readonly code: string }): void {
    this.outcome = error.code;
  }
}

test("a client is not blamed while nobody takes its body, and is when somebody does", async () => {
  const clock = new ManualClock();
  const exchanges: ServerExchange[] = [];
  const handler = (exchange: ServerExchange): void => void exchanges.push(exchange);
  await using server = await H1Server.listen(handler, {}, new Deadlines(clock));
  await using client = await RawSocket.connect(server.port);
  const sink = new SlowSink();
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  await expect.poll(() => exchanges.length).toBe(1);

  clock.advance(bodyIdle * 10);
  exchanges[0]?.body.start(sink);
  client.write("half");
  await expect.poll(() => sink.text).toBe("half");
  clock.advance(bodyIdle * 10);
  expect(sink.outcome).toBeUndefined();

  exchanges[0]?.body.resume();
  clock.advance(bodyIdle * 2);
  expect(sink.outcome).toBe("body_timeout");
});

test("an app is not blamed while nobody takes its answer, and is when somebody does", async () => {
  const clock = new ManualClock();
  await using app = await RawServer.listen((connection) => {
    connection.socket.once("data", () =>
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf"),
    );
  });
  const pool = poolTo(app.port, {}, clock);
  const sink = new SlowSink();
  const responded = Promise.withResolvers<BodySource>();
  const listener = new (class extends Answer {
    override responded(_head: ResponseHead, body: BodySource): void {
      responded.resolve(body);
    }
  })();
  pool.request(request(), listener);
  const body = await responded.promise;

  clock.advance(bodyIdle * 10);
  body.start(sink);
  clock.advance(bodyIdle * 10);
  expect([sink.text, sink.outcome]).toEqual(["half", undefined]);

  body.resume();
  clock.advance(bodyIdle * 2);
  expect(sink.outcome).toBe("upstream_body_timeout");
  expect(pool.open).toBe(0);
});

test("a client that half-closes while it is answered is closed behind that answer, not after its idle time", async () => {
  let sink: BodySink | undefined;
  const body: BodySource = {
    length: undefined,
    start: (starting) => void (sink = starting),
    resume: () => undefined,
    cancel: () => undefined,
  };
  await using server = await H1Server.listen((exchange) =>
    exchange.respond({ status: 200, headers: HeaderBlock.empty }, body),
  );
  await using client = await RawSocket.connect(server.port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.untilText("\r\n\r\n");

  client.socket.end();
  // Its FIN has been read once another client, who came later, has been served.
  await using other = await RawSocket.connect(server.port);
  other.write("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  await other.untilText("\r\n\r\n");
  sink?.chunk(Buffer.from("done"));
  sink?.end(undefined);

  expect(await client.untilClosed()).toMatch(/4\r\ndone\r\n0\r\n\r\n$/);
});

test("a client that sends all of a large upload before it reads gets its answer", async () => {
  const handler = (exchange: ServerExchange): void =>
    exchange.respond({ status: 401, headers: HeaderBlock.empty }, Buffer.from("no"));
  await using server = await H1Server.listen(handler, {}, new Deadlines(new ManualClock()));
  await using client = await RawSocket.connect(server.port);
  const upload = Buffer.alloc(32 * 1024 * 1024);
  client.socket.pause();
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${upload.length}\r\n\r\n`);

  await new Promise((resolve) => client.socket.write(upload, resolve));
  client.socket.resume();

  expect(await client.untilEnd()).toMatch(/^HTTP\/1.1 401 .*\r\n\r\nno$/s);
  expect(client.error).toBeUndefined();
});
