import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { systemClock } from "../../../core/clock.ts";
import { ManualClock } from "../../../core/manual-clock.ts";
import { RawServer, type RawSocket } from "../../../test/support/raw-socket.ts";
import type { BodySink, BodySource, ResponseHead, UpstreamListener, UpstreamRequest } from "../exchange.ts";
import { DEFAULT_WIRE_LIMITS, type WireLimits } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import { Deadlines } from "./deadlines.ts";
import { NO_BODY_SOURCE } from "./incoming-body.ts";
import { Pool } from "./pool.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const CANCELLED = new WireError("cancelled", "not wanted");

function request(method = "GET", body: BodySource = NO_BODY_SOURCE): UpstreamRequest {
  return { method, target: "/", authority: "a", headers: HeaderBlock.empty, upgrade: false, body };
}

function poolTo(port: number, limits: Partial<WireLimits> = {}, clock = systemClock): Pool {
  const deadlines = new Deadlines(clock, 5);
  return new Pool({
    endpoint: { host: "127.0.0.1", port },
    limits: { ...DEFAULT_WIRE_LIMITS, ...limits },
    deadlines,
  });
}

/** Waits for an answer, or for the error in its place. */
class Answer implements UpstreamListener, BodySink {
  readonly #over = Promise.withResolvers<string | WireError>();
  status = 0;
  text = "";

  informed(): void {
    // Not of interest here.
  }

  responded(head: ResponseHead, body: BodySource): void {
    this.status = head.status;
    body.start(this);
  }

  failed(error: WireError): void {
    this.#over.resolve(error);
  }

  chunk(bytes: Buffer): boolean {
    this.text += bytes.toString("latin1");
    return true;
  }

  end(): void {
    this.#over.resolve(this.text);
  }

  fail(error: WireError): void {
    this.#over.resolve(error);
  }

  /** The body, or the code of the error. */
  async result(): Promise<string> {
    const over = await this.#over.promise;
    return typeof over === "string" ? over : over.code;
  }

  async error(): Promise<WireError> {
    const over = await this.#over.promise;
    if (typeof over === "string") throw new Error(`answered ${over}`);
    return over;
  }
}

/** A body that says whether it was started and cancelled, and gives what it has at once. */
class Body implements BodySource {
  readonly length: number | undefined;
  readonly #bytes: Buffer | undefined;
  sink: BodySink | undefined;
  cancelled: string | undefined;

  constructor(bytes?: string) {
    this.#bytes = bytes === undefined ? undefined : Buffer.from(bytes);
    this.length = this.#bytes?.length;
  }

  start(sink: BodySink): void {
    this.sink = sink;
    if (this.#bytes === undefined) return;
    sink.chunk(this.#bytes);
    sink.end(undefined);
  }

  resume(): void {
    // Gives everything at once.
  }

  cancel(reason: WireError): void {
    this.cancelled = reason.code;
  }
}

function ask(pool: Pool, asked: UpstreamRequest = request()): Answer {
  const answer = new Answer();
  pool.request(asked, answer);
  return answer;
}

function answering(connection: RawSocket): void {
  connection.socket.on("data", () => connection.write(OK));
}

/** An app whose first answer on each connection is whole, and which resets in place of a second one. */
function closingWhenReused(connection: RawSocket): void {
  connection.socket.once("data", () => {
    connection.write(OK);
    connection.socket.once("data", () => connection.socket.resetAndDestroy());
  });
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

test.each([
  ["GET", undefined, "ok", 1],
  ["DELETE", undefined, "ok", 1],
  // The app may have carried it out: RFC 9110 §9.2.2.
  ["POST", undefined, "upstream_reset", 0],
  // Its body went with the head and cannot be had again.
  ["POST", "body", "upstream_reset", 0],
  ["PUT", "body", "upstream_reset", 0],
])(
  "a %s with body %s on a kept connection that resets comes to %s",
  async (method, body, result, resends) => {
    await using app = await RawServer.listen(closingWhenReused);
    const pool = poolTo(app.port);
    await ask(pool).result();

    const source = body === undefined ? NO_BODY_SOURCE : new Body(body);
    expect(await ask(pool, request(method, source)).result()).toBe(result);

    expect(pool.counts.resends).toBe(resends);
    pool.close();
  },
);

test("a POST whose body has not begun is sent again, and the body goes with the second one", async () => {
  await using app = await RawServer.listen(closingWhenReused);
  const pool = poolTo(app.port);
  await ask(pool).result();
  const body = new Body();

  const answer = ask(pool, request("POST", body));
  await expect.poll(() => pool.counts.resends).toBe(1);
  await app.accept();
  const second = await app.accept();
  await second.untilText("\r\n\r\n");
  body.sink?.chunk(Buffer.from("late"));
  body.sink?.end(undefined);

  expect(await answer.result()).toBe("ok");
  await second.untilText("4\r\nlate\r\n0\r\n\r\n");
  pool.close();
});

test("a request is sent again once only, and never after a fresh connection closed on it", async () => {
  let connections = 0;
  await using app = await RawServer.listen((connection) => {
    connections++;
    if (connections === 1) closingWhenReused(connection);
    else connection.socket.once("data", () => connection.socket.resetAndDestroy());
  });
  const pool = poolTo(app.port);
  await ask(pool).result();

  const error = await ask(pool).error();

  expect([error.code, error.retryable]).toEqual(["upstream_reset", true]);
  expect(pool.counts).toEqual({ connects: 2, reuses: 1, resends: 1 });
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
