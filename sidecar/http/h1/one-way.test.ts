import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { H1Server } from "../../../test/support/h1-proxy.ts";
import { joinExchange } from "../../../test/support/join-exchange.ts";
import { poolTo } from "../../../test/support/pooled-call.ts";
import { RawServer, RawSocket } from "../../../test/support/raw-socket.ts";
import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { Deadlines } from "../deadlines.ts";

const { bodyIdle } = DEFAULT_WIRE_LIMITS;
const ROUNDS = 5;

/** A request and its answer, both begun and neither ended, on a clock of the test's. */
async function openExchange() {
  const clock = new ManualClock();
  const stack = new AsyncDisposableStack();
  const app = stack.use(await RawServer.listen());
  const pool = poolTo(app.port, {}, clock);
  const server = stack.use(await H1Server.listen(joinExchange(pool), {}, new Deadlines(clock)));
  const client = stack.use(await RawSocket.connect(server.port));
  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup\r\n");
  const upstream = await app.accept();
  await upstream.untilText("2\r\nup\r\n");
  upstream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndown\r\n");
  await client.untilText("4\r\ndown\r\n");
  return { clock, client, upstream, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("a request that is silent is not cut while its answer flows, and is when that stops", async () => {
  await using exchange = await openExchange();
  const { clock, client, upstream } = exchange;

  for (let round = 0; round < ROUNDS; round++) {
    clock.advance(bodyIdle * 0.9);
    upstream.write(`2\r\n-${round}\r\n`);
    await client.untilText(`-${round}\r\n`);
  }
  expect(client.received.endsWith("2\r\n-4\r\n")).toBe(true);

  clock.advance(bodyIdle * 2.5);
  expect(await client.untilEnd()).toMatch(/-4\r\n$/);
  await upstream.untilEnd();
});

test("an answer that is silent is not cut while its request flows, and is when that stops", async () => {
  await using exchange = await openExchange();
  const { clock, client, upstream } = exchange;

  for (let round = 0; round < ROUNDS; round++) {
    clock.advance(bodyIdle * 0.9);
    client.write(`2\r\n-${round}\r\n`);
    await upstream.untilText(`-${round}\r\n`);
  }
  expect(upstream.received.endsWith("2\r\n-4\r\n")).toBe(true);

  clock.advance(bodyIdle * 2.5);
  expect(await client.untilEnd()).toMatch(/down\r\n$/);
  await upstream.untilEnd();
});
