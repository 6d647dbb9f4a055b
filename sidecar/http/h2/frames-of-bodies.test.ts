import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { data, FLAG, FRAME, headers, ping, type Field } from "../../../test/support/http2-frames.ts";
import { Http2Front, Http2Join } from "../../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";
import { RawHttp2App } from "../../../test/support/raw-http2-app.ts";
import type { BodySink, ServerExchange } from "../exchange.ts";

const PSEUDO: readonly Field[] = [
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];
const GET: readonly Field[] = [[":method", "GET"], ...PSEUDO];
const POST: readonly Field[] = [[":method", "POST"], ...PSEUDO];

test("a body that comes in one frame goes on in one frame, which ends the stream", async () => {
  await using app = await RawHttp2App.start((_connection, stream, send) =>
    send(
      headers(
        stream,
        [
          [":status", "200"],
          ["content-length", "9"],
        ],
        FLAG.endHeaders,
      ),
      data(stream, "all of it", FLAG.endStream),
    ),
  );
  await using join = await Http2Join.start(app.port);
  await using peer = await Http2Peer.connect(join.port);
  peer.begin(headers(1, GET, FLAG.endHeaders | FLAG.endStream));

  const first = await peer.frame(({ type }) => type === FRAME.data);

  expect(first).toMatchObject({ flags: FLAG.endStream, payload: Buffer.from("all of it") });
});

test.for(["ok", ""])("an answer of gRPC keeps its trailers though its length is known: %j", async (body) => {
  const fields: readonly Field[] = [
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["content-length", String(body.length)],
  ];
  await using app = await RawHttp2App.start((_connection, stream, send) =>
    send(
      headers(stream, fields, FLAG.endHeaders),
      data(stream, body),
      headers(stream, [["grpc-status", "0"]], FLAG.endHeaders | FLAG.endStream),
    ),
  );
  await using join = await Http2Join.start(app.port);
  await using peer = await Http2Peer.connect(join.port);
  peer.begin(headers(1, POST, FLAG.endHeaders | FLAG.endStream));

  const last = await peer.frame(({ stream, flags }) => stream === 1 && (flags & FLAG.endStream) !== 0);

  expect(last.type).toBe(FRAME.headers);
});

test("a request that says it has no bytes has none, though its head does not end it", async () => {
  const lengths: (number | undefined)[] = [];
  await using front = await Http2Front.start((exchange) => {
    lengths.push(exchange.body.length);
    exchange.respond({ status: 200, headers: HeaderBlock.empty }, undefined);
  });
  await using peer = await Http2Peer.connect(front.port);
  const trace: readonly Field[] = [
    [":method", "TRACE"],
    ...PSEUDO,
    ["trailer", "a"],
    ["content-length", "0"],
  ];

  peer.begin(headers(1, trace, FLAG.endHeaders));
  await peer.frame(({ type }) => type === FRAME.headers);

  expect(lengths).toEqual([0]);
});

/** Notes what it is given, and wants no more after each piece. */
class Nibbler implements BodySink {
  readonly pieces: string[] = [];
  readonly ended = Promise.withResolvers<void>();
  #gained = Promise.withResolvers<void>();

  chunk(bytes: Buffer): boolean {
    this.pieces.push(bytes.toString());
    this.#gained.resolve();
    this.#gained = Promise.withResolvers();
    return false;
  }

  end(): void {
    this.ended.resolve();
  }

  fail(error: Error): void {
    this.ended.reject(error);
  }

  async gains(count: number): Promise<void> {
    while (this.pieces.length < count) await this.#gained.promise;
  }
}

/** A request whose head has come, and whose body goes into a sink piece by piece. */
async function nibbledRequest() {
  await using stack = new AsyncDisposableStack();
  const begun = Promise.withResolvers<ServerExchange>();
  const front = stack.use(await Http2Front.start(begun.resolve));
  const peer = stack.use(await Http2Peer.connect(front.port));
  peer.begin(headers(1, POST, FLAG.endHeaders));
  const { body } = await begun.promise;
  const sink = new Nibbler();
  body.start(sink);
  const owned = stack.move();
  return { peer, body, sink, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function seen(peer: Http2Peer, pings: number): Promise<void> {
  peer.send(ping());
  const isAnswer = ({ type, flags }: { type: number; flags: number }): boolean =>
    type === FRAME.ping && flags === FLAG.ack;
  while (peer.received.filter(isAnswer).length < pings)
    await peer.frame(() => peer.received.filter(isAnswer).length >= pings);
}

test("what comes while nobody may have it is given in order afterwards, and so is its end", async () => {
  await using request = await nibbledRequest();
  const { peer, body, sink } = request;

  // Nothing waits while it is stopped.
  peer.send(data(1, "a"));
  await sink.gains(1);
  body.resume();
  // Two pieces wait, and the end of the body behind them.
  peer.send(data(1, "b"));
  await sink.gains(2);
  peer.send(data(1, "c"), data(1, "d", FLAG.endStream));
  await seen(peer, 1);
  expect(sink.pieces).toEqual(["a", "b"]);
  body.resume();
  await sink.gains(3);
  body.resume();
  await sink.ended.promise;

  expect(sink.pieces.join("")).toBe("abcd");
});

test("the end of a body comes although its sink is stopped and nothing waits", async () => {
  await using request = await nibbledRequest();
  const { peer, sink } = request;

  peer.send(data(1, "all", FLAG.endStream));
  await sink.ended.promise;

  expect(sink.pieces).toEqual(["all"]);
});
