import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { Answer, ask, Body, poolTo, request } from "../../../test/support/pooled-call.ts";
import { RawServer, type RawSocket } from "../../../test/support/raw-socket.ts";
import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import { Deadlines } from "../deadlines.ts";
import { Pool } from "./pool.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const CANCELLED = new WireError("cancelled", "not wanted");

function answering(connection: RawSocket): void {
  connection.socket.on("data", () => connection.write(OK));
}

test("the connection that was used last is used next", async () => {
  await using app = await RawServer.listen(answering);
  const pool = poolTo(app.port);
  await Promise.all([ask(pool).result(), ask(pool).result()]);
  const [first, second] = [await app.accept(), await app.accept()];
  expect(pool.idle).toBe(2);

  for (let i = 0; i < 3; i++) await ask(pool).result();

  const lengths = [first.received.length, second.received.length].sort((a, b) => a - b);
  expect(lengths[1]).toBe((lengths[0] ?? 0) * 4);
  pool.close();
  expect(pool.open).toBe(0);
});

test("requests over the limit wait in line and go in order; over the line's length they fail", async () => {
  await using app = await RawServer.listen(answering);
  const pool = poolTo(app.port, { upstreamConnections: 1, upstreamWaiting: 2 });

  const results = [1, 2, 3, 4].map(() => ask(pool).result());

  expect(pool.waiting).toBe(2);
  expect(await Promise.all(results)).toEqual(["ok", "ok", "ok", "pool_full"]);
  expect(app.accepted).toBe(1);
  pool.close();
});

test("bytes behind an answer are not the answer of whoever waits for the connection", async () => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.once("data", () => {
      connection.write(app.accepted === 1 ? OK + OK.replace("ok", "no") : OK);
    });
  });
  const pool = poolTo(app.port, { upstreamConnections: 1 });

  const results = await Promise.all([ask(pool).result(), ask(pool).result()]);

  expect(results).toEqual(["ok", "ok"]);
  expect(app.accepted).toBe(2);
  pool.close();
});

test("nobody waits in line longer than for a connection", async () => {
  await using app = await RawServer.listen();
  const pool = poolTo(app.port, { upstreamConnections: 1, connect: 30 });
  ask(pool);
  await app.accept();

  const error = await ask(pool).error();

  expect(error.code).toBe("pool_full");
  expect(error.retryable).toBe(true);
  expect(pool.waiting).toBe(0);
  pool.close();
});

test("who leaves the line makes room, and a connection that closes makes room for who waits", async () => {
  await using app = await RawServer.listen();
  const pool = poolTo(app.port, { upstreamConnections: 1 });
  const first = pool.request(request(), new Answer());
  const second = pool.request(request(), new Answer());
  const third = ask(pool);
  await app.accept();

  second.cancel(CANCELLED);
  expect(pool.waiting).toBe(1);
  first.cancel(CANCELLED);
  const connection = await app.accept();
  answering(connection);

  expect(await third.result()).toBe("ok");
  pool.close();
});

test("an idle connection is closed after its time, by our limit or a second before the app's hint", async () => {
  for (const [hint, idle] of [
    ["", 4_000],
    ["Keep-Alive: timeout=60\r\n", 4_000],
    ["Keep-Alive: timeout=3\r\n", 2_000],
    ["Keep-Alive: timeout=1\r\n", 500],
  ] as const) {
    const clock = new ManualClock();
    await using app = await RawServer.listen((connection) => {
      connection.socket.on("data", () => connection.write(OK.replace("\r\n\r\n", `\r\n${hint}\r\n`)));
    });
    const pool = poolTo(app.port, {}, clock);
    await ask(pool).result();

    clock.advance(idle - 1);
    expect(pool.idle).toBe(1);
    clock.advance(20);
    expect(pool.open).toBe(0);
  }
});

test("a connection past its time is not used, even if the event loop stood still in between", async () => {
  const clock = new ManualClock();
  await using app = await RawServer.listen(answering);
  // So coarse that the wheel cannot have closed it yet.
  const deadlines = new Deadlines(clock, 100_000);
  const endpoint = { host: "127.0.0.1", port: app.port };
  const pool = new Pool({ endpoint, limits: DEFAULT_WIRE_LIMITS, deadlines });
  await ask(pool).result();

  clock.advance(4_001);
  expect(await ask(pool).result()).toBe("ok");

  expect(app.accepted).toBe(2);
  pool.close();
});

test("Connection: close, HTTP/1.0 and a body until the end leave no connection behind", async () => {
  const answers = [
    OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
    OK.replace("1.1", "1.0"),
    "HTTP/1.1 200 OK\r\n\r\nok",
  ];
  await using app = await RawServer.listen((connection) => {
    connection.socket.once("data", () => connection.socket.end(answers.shift() ?? ""));
  });
  const pool = poolTo(app.port);

  for (let i = 0; i < 3; i++) expect(await ask(pool).result()).toBe("ok");

  expect(pool.counts).toEqual({ connects: 3, reuses: 0, resends: 0 });
  expect(pool.open).toBe(0);
});

test("a connection that the app closed while it was idle is never used", async () => {
  await using app = await RawServer.listen(answering);
  const pool = poolTo(app.port);
  await ask(pool).result();

  (await app.accept()).socket.end();
  await expect.poll(() => pool.open).toBe(0);

  expect(await ask(pool).result()).toBe("ok");
  expect(pool.counts.resends).toBe(0);
  pool.close();
});

test("what may be retried elsewhere says so, and its body was not touched", async () => {
  const app = await RawServer.listen();
  const pool = poolTo(app.port);
  await app[Symbol.asyncDispose]();
  const body = new Body("body");

  const error = await ask(pool, request("POST", body)).error();

  expect([error.code, error.retryable]).toEqual(["upstream_refused", true]);
  expect([body.sink, body.cancelled]).toEqual([undefined, undefined]);
});

test("a request that is cancelled takes its connection with it and nobody is called", async () => {
  await using app = await RawServer.listen();
  const pool = poolTo(app.port);
  const answer = new Answer();
  const body = new Body("x");
  const call = pool.request(request("POST", body), answer);
  const connection = await app.accept();
  await connection.untilText("x");

  call.cancel(CANCELLED);
  await connection.untilEnd();

  expect(pool.open).toBe(0);
  const neverTold = await Promise.race([answer.result(), Promise.resolve("nothing")]);
  expect(neverTold).toBe("nothing");
  expect(body.cancelled).toBe("cancelled");
});

test("cancelling when the answer is complete does not hurt the connection's next request", async () => {
  await using app = await RawServer.listen(answering);
  const pool = poolTo(app.port);
  const answer = new Answer();
  const call = pool.request(request(), answer);
  await answer.result();

  const next = ask(pool);
  call.cancel(CANCELLED);

  expect(await next.result()).toBe("ok");
  expect(pool.counts).toEqual({ connects: 1, reuses: 1, resends: 0 });
  pool.close();
});

test("a drained pool lets requests finish and keeps no connection", async () => {
  await using app = await RawServer.listen();
  const pool = poolTo(app.port);
  const answer = ask(pool);
  const connection = await app.accept();
  await connection.untilText("\r\n\r\n");

  pool.drain();
  connection.write(OK);

  expect(await answer.result()).toBe("ok");
  expect(pool.open).toBe(0);
});

test("a closed pool fails what is under way and what waits", async () => {
  await using app = await RawServer.listen();
  const pool = poolTo(app.port, { upstreamConnections: 1 });
  const results = [ask(pool).result(), ask(pool).result()];
  await app.accept();

  pool.close();

  expect(await Promise.all(results)).toEqual(["upstream_unreachable", "upstream_unreachable"]);
  expect([pool.open, pool.waiting]).toEqual([0, 0]);
});

test("a connection that is not there in time is a connect timeout", async () => {
  const clock = new ManualClock();
  await using app = await RawServer.listen(answering);
  const pool = poolTo(app.port, {}, clock);

  const answer = ask(pool);
  clock.advance(DEFAULT_WIRE_LIMITS.connect + 10);
  const error = await answer.error();

  expect([error.code, error.retryable]).toEqual(["upstream_connect_timeout", true]);
  expect(pool.open).toBe(0);
});
