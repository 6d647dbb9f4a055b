import { once } from "node:events";
import { constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";

import { systemClock, type Clock } from "../../core/clock.ts";
import { HeaderBlock } from "../../core/headers/header-block.ts";
import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { FLAG, FRAME, headers, PREFACE, settings } from "../../test/support/http2-frames.ts";
import { Http2Client } from "../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../test/support/http2-peer.ts";
import { exchange as send, requestTo } from "../../test/support/http2-request.ts";
import { turn, turnUntil } from "../../test/support/turns.ts";
import type { ExchangeHandler, ServerExchange } from "./exchange.ts";
import { Deadlines } from "./deadlines.ts";
import { DEFAULT_WIRE_LIMITS, type WireLimits } from "./limits.ts";
import { Listener } from "./listener.ts";

const OK = { status: 200, headers: HeaderBlock.empty };
const H1 = "GET /one HTTP/1.1\r\nHost: app.test\r\n\r\n";
const H2 = headers(
  1,
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":authority", "app.test"],
    [":path", "/two"],
  ],
  FLAG.endHeaders | FLAG.endStream,
);

const echo: ExchangeHandler = (exchange) => exchange.respond(OK, Buffer.from(exchange.head.target));

async function listen(
  handler: ExchangeHandler,
  limits: Partial<WireLimits> = {},
  clock: Clock = systemClock,
): Promise<Listener> {
  const listener = new Listener({
    name: "inbound",
    host: "127.0.0.1",
    port: 0,
    handler,
    limits: { ...DEFAULT_WIRE_LIMITS, ...limits },
    deadlines: new Deadlines(clock),
    clock,
    log: createLogger("silent"),
  });
  await listener.start();
  return listener;
}

function portOf(listener: Listener): number {
  return listener.address()?.port ?? 0;
}

/** A client that keeps what it reads. */
class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  text = "";

  constructor(listener: Listener) {
    this.socket = connect({ port: portOf(listener), host: "127.0.0.1", noDelay: true });
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes: Buffer) => (this.text += bytes.toString("latin1")));
  }

  /** Resolves when what was read holds `part`. */
  async reads(part: string): Promise<void> {
    while (!this.text.includes(part)) await once(this.socket, "data");
  }

  async closes(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closes();
  }
}

test("HTTP/1.1 and HTTP/2 are served on one port", async () => {
  await using listener = await listen(echo);
  await using first = new RawClient(listener);
  await using second = new Http2Client(portOf(listener));

  first.socket.write(H1);
  await first.reads("/one");
  const answer = await send(second.session, { flat: requestTo("/two") });

  expect(first.text).toMatch(/^HTTP\/1.1 200 /);
  expect(answer.body.toString()).toBe("/two");
  expect(listener.counts).toMatchObject({ unknown: 0, http1: 1, h2: 1, inFlight: 0 });
});

test("a preface that is split anywhere begins HTTP/2, with every byte behind it", async () => {
  await using listener = await listen(echo);
  const bytes = Buffer.concat([PREFACE, settings(), H2]);

  for (let at = 1; at < bytes.length; at++) {
    await using peer = await Http2Peer.connect(portOf(listener));
    peer.socket.write(bytes.subarray(0, at));
    await turn();
    peer.socket.write(bytes.subarray(at));

    const answer = await peer.frame(({ type }) => type === FRAME.data);
    expect(answer.payload.toString()).toBe("/two");
  }
});

test("HTTP/1.1 requests that begin like the preface keep all their bytes", async () => {
  const methods: string[] = [];
  await using listener = await listen((exchange) => {
    methods.push(exchange.head.method);
    echo(exchange);
  });

  for (const method of ["P", "PR", "POST", "PROPFIND"]) {
    await using client = new RawClient(listener);
    client.socket.write(method.slice(0, 1));
    await once(client.socket, "connect");
    await turn();
    client.socket.write(`${method.slice(1)} /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
    await client.reads("/x");
  }

  expect(methods).toEqual(["P", "PR", "POST", "PROPFIND"]);
});

test("half a preface is answered and closed by its deadline", async () => {
  const clock = new ManualClock();
  await using listener = await listen(echo, { head: 1_000 }, clock);
  await using client = new RawClient(listener);
  client.socket.write(PREFACE.subarray(0, 10));
  await once(client.socket, "connect");

  // Until the bytes are there the other deadline runs, which is the longer one and says nothing when it ends.
  let waited = 0;
  for (; client.text === "" && !client.socket.closed; waited += 100) {
    clock.advance(100);
    await turn();
  }

  await client.reads("408");
  expect(waited).toBeGreaterThan(1_000);
  clock.advance(10_000);
  await client.closes();
  expect(listener.counts).toMatchObject({ unknown: 0, http1: 0 });
});

test("a connection that says nothing is closed by its deadline", async () => {
  const clock = new ManualClock();
  await using listener = await listen(echo, { firstByte: 1_000 }, clock);
  await using client = new RawClient(listener);
  await once(client.socket, "connect");
  await turnUntil(() => listener.counts.unknown > 0);

  clock.advance(2_000);

  await client.closes();
  expect(client.text).toBe("");
  expect(listener.counts.unknown).toBe(0);
});

test("half a preface and the end of it is a bad request", async () => {
  await using listener = await listen(echo);
  await using client = new RawClient(listener);

  client.socket.end(PREFACE.subarray(0, 10));

  await client.reads("400");
  await client.closes();
  expect(listener.counts.http1).toBe(0);
});

test("a client that has sent its request and closed its side still gets its answer", async () => {
  await using listener = await listen(echo);
  await using client = new RawClient(listener);

  client.socket.end(H1);

  await client.reads("/one");
  expect(client.text).toMatch(/^HTTP\/1.1 200 /);
});

test("a connection beyond the limit is told so and closed", async () => {
  await using listener = await listen(echo, { connections: 1 });
  await using first = new RawClient(listener);
  first.socket.write(H1);
  await first.reads("/one");
  await using second = new RawClient(listener);

  await second.reads("HTTP/1.1 503 ");
  second.socket.end();
  await second.closes();

  expect(listener.counts).toMatchObject({ http1: 1, refused: 1 });
});

test("exchanges of both protocols share one limit in flight", async () => {
  const waiting: ServerExchange[] = [];
  await using listener = await listen((exchange) => void waiting.push(exchange), { inFlight: 2 });
  await using first = new RawClient(listener);
  await using second = new Http2Client(portOf(listener));
  await using third = new RawClient(listener);
  first.socket.write(H1);
  const answer = send(second.session, { flat: requestTo("/two") });
  await turnUntil(() => waiting.length >= 2);

  third.socket.write(H1);
  await third.reads("HTTP/1.1 503 ");
  const refused = await send(second.session, { flat: requestTo("/three") });
  for (const exchange of waiting) echo(exchange);

  expect(refused.status).toBe(503);
  expect((await answer).status).toBe(200);
  await first.reads("/one");
  expect(listener.counts.inFlight).toBe(0);
});

test("an exchange in flight is counted no longer when its client goes", async () => {
  const aborted = Promise.withResolvers<void>();
  await using listener = await listen((exchange) => {
    exchange.watcher = { aborted: () => aborted.resolve() };
  });
  await using client = new RawClient(listener);
  client.socket.write(H1);
  await turnUntil(() => listener.counts.inFlight > 0);

  // Not only its side: a client that closes that still waits for its answer.
  client.socket.resetAndDestroy();
  await aborted.promise;

  expect(listener.counts.inFlight).toBe(0);
});

test("draining finishes exchanges of both protocols, closes idle connections and takes no more", async () => {
  const waiting: ServerExchange[] = [];
  await using listener = await listen((exchange) =>
    exchange.head.target === "/idle" ? echo(exchange) : void waiting.push(exchange),
  );
  await using idle = new RawClient(listener);
  await using silent = new RawClient(listener);
  await using first = new RawClient(listener);
  await using second = new Http2Client(portOf(listener));
  idle.socket.write("GET /idle HTTP/1.1\r\nHost: a\r\n\r\n");
  await idle.reads("/idle");
  first.socket.write(H1);
  const answer = send(second.session, { flat: requestTo("/two") });
  await turnUntil(() => waiting.length >= 2);
  const goaway = once(second.session, "goaway");
  const port = portOf(listener);

  const drained = listener.drain(10_000);
  await Promise.all([idle.closes(), silent.closes(), goaway]);
  const late = connect({ port, host: "127.0.0.1" });
  const [error] = (await once(late, "error")) as [NodeJS.ErrnoException];
  for (const exchange of waiting) echo(exchange);
  await drained;

  expect(error.code).toBe("ECONNREFUSED");
  expect((await answer).status).toBe(200);
  expect(first.text.toLowerCase()).toContain("connection: close");
  expect(listener.counts).toMatchObject({ unknown: 0, http1: 0, h2: 0, inFlight: 0 });
});

test("what has not ended by the deadline is cut", async () => {
  const aborted: string[] = [];
  await using listener = await listen((exchange) => {
    exchange.watcher = { aborted: (reason) => void aborted.push(reason.code) };
  });
  await using first = new RawClient(listener);
  await using second = new Http2Client(portOf(listener));
  first.socket.write(H1);
  const answer = send(second.session, { flat: requestTo("/two") });
  await turnUntil(() => listener.counts.inFlight >= 2);

  await listener.drain(50);

  await first.closes();
  expect((await answer).status).toBe(0);
  expect(aborted).toHaveLength(2);
});

test("a port that is taken is an error that names it", async () => {
  await using listener = await listen(echo);
  const port = portOf(listener);
  const other = new Listener({
    name: "outbound",
    host: "127.0.0.1",
    port,
    handler: echo,
    limits: DEFAULT_WIRE_LIMITS,
    deadlines: new Deadlines(systemClock),
    clock: systemClock,
    log: createLogger("silent"),
  });

  await expect(other.start()).rejects.toMatchObject({
    code: "listen_failed",
    message: `cannot listen on 127.0.0.1:${port}: the port is taken; choose another with --outbound`,
  });
  await other[Symbol.asyncDispose]();
});

test("HTTP/2 frames that come without a preface are a bad request in HTTP/1.1", async () => {
  await using listener = await listen(echo);
  await using client = new RawClient(listener);

  client.socket.write(settings([[constants.NGHTTP2_SETTINGS_ENABLE_PUSH, 0]]));

  await client.reads("HTTP/1.1 400 ");
  expect(listener.counts.h2).toBe(0);
});
