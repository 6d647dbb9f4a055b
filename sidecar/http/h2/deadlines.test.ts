import { once } from "node:events";
import { constants } from "node:http2";
import { createServer } from "node:net";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { ManualClock } from "../../../core/manual-clock.ts";
import {
  data,
  FLAG,
  FRAME,
  frame,
  headers,
  hpack,
  settings,
  windowUpdate,
  type Field,
} from "../../../test/support/http2-frames.ts";
import { Http2App, Http2Client, Http2Front, Http2Join } from "../../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";
import { collect, exchange, requestTo } from "../../../test/support/http2-request.ts";
import type { BodySink } from "../exchange.ts";
import type { WireError } from "../wire-error.ts";

const OK = { status: 200, headers: HeaderBlock.empty };
const SINK: BodySink = { chunk: () => true, end: () => {}, fail: () => {} };
const POST: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];

test("a connection without requests is told to go and closed", async () => {
  const clock = new ManualClock();
  await using front = await Http2Front.start(() => {}, { clock, limits: { keepAlive: 5_000 } });
  await using peer = await Http2Peer.connect(front.port);
  peer.begin();
  await peer.frame(({ type, flags }) => type === FRAME.settings && flags === FLAG.ack);

  clock.advance(4_000);
  expect(front.sessions.size).toBe(1);
  clock.advance(2_000);

  expect(await peer.goaway()).toBe(constants.NGHTTP2_NO_ERROR);
  await peer.untilClosed();
});

test("a head that trickles in CONTINUATION frames holds its connection no longer than an idle one", async () => {
  const clock = new ManualClock();
  await using front = await Http2Front.start(() => {}, {
    clock,
    limits: { keepAlive: 5_000, linger: 1_000 },
  });
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(frame(FRAME.headers, FLAG.endStream, 1, hpack(POST)));
  await peer.frame(({ type, flags }) => type === FRAME.settings && flags === FLAG.ack);

  clock.advance(4_000);
  peer.send(frame(FRAME.continuation, 0, 1, hpack([["a", "b"]])));
  clock.advance(2_000);
  await peer.goaway();
  clock.advance(2_000);

  await peer.untilClosed();
  expect(front.sessions.size).toBe(0);
});

test("a client that was told to go and does not close is cut", async () => {
  const clock = new ManualClock();
  await using front = await Http2Front.start(() => {}, {
    clock,
    limits: { keepAlive: 5_000, linger: 1_000 },
  });
  await using peer = await Http2Peer.connect(front.port);
  peer.socket.allowHalfOpen = true;
  peer.begin();
  await front.until(() => front.sessions.size === 1);
  await peer.frame(({ type, flags }) => type === FRAME.settings && flags === FLAG.ack);

  clock.advance(6_000);
  await peer.goaway();
  clock.advance(2_000);

  await front.until(() => front.sessions.size === 0);
  expect(front.sessions.size).toBe(0);
});

test("a request whose body stalls is answered 408 and its handler told", async () => {
  const clock = new ManualClock();
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<WireError>();
  await using front = await Http2Front.start(
    (exchange) => {
      exchange.watcher = { aborted: aborted.resolve };
      exchange.body.start({ ...SINK, chunk: () => (begun.resolve(), true) });
    },
    { clock, limits: { bodyIdle: 1_000 } },
  );
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, POST, FLAG.endHeaders), data(1, "some"));
  await begun.promise;

  clock.advance(3_000);

  expect((await aborted.promise).code).toBe("body_timeout");
  const answer = await peer.frame(({ type, stream }) => type === FRAME.headers && stream === 1);
  expect(answer.payload.subarray(0, 5).toString("latin1")).toBe("\x48\x03408");
  expect(await peer.reset(1)).toBe(constants.NGHTTP2_NO_ERROR);
});

test("an app that never answers is waited for as long as was said, give or take a look at all calls", async () => {
  const clock = new ManualClock();
  const asked = Promise.withResolvers<void>();
  await using app = await Http2App.start(() => asked.resolve());
  await using join = await Http2Join.start(app.port, { clock, limits: { response: 10_000 } });
  await using client = new Http2Client(join.port);
  const coming = exchange(client.session, { flat: requestTo("/") });
  await asked.promise;

  clock.advance(9_900);
  await client.settled();
  expect(join.front.inFlight.count).toBe(1);
  clock.advance(1_000);

  expect((await coming).status).toBe(504);
});

test.for([0, 100, 200, 300])(
  "a call that begins %d ms after others is not cut before its time, and soon after",
  async (later) => {
    const clock = new ManualClock();
    await using app = await Http2App.start(() => {});
    await using join = await Http2Join.start(app.port, { clock, limits: { response: 400 } });
    await using client = new Http2Client(join.port);
    const first = exchange(client.session, { flat: requestTo("/") });
    await once(app.server, "stream");
    clock.advance(later);

    const second = exchange(client.session, { flat: requestTo("/") });
    await once(app.server, "stream");
    let answered = false;
    void second.then(() => (answered = true));
    clock.advance(399);
    await client.settled();
    expect(answered).toBe(false);
    clock.advance(500);

    expect((await second).status).toBe(504);
    expect((await first).status).toBe(504);
  },
);

test("a call that waits in line for its turn waits no longer than for an answer", async () => {
  const clock = new ManualClock();
  const settings = { maxConcurrentStreams: 1 };
  await using app = await Http2App.start((stream) => stream.respond({ ":status": 200 }), { settings });
  const limits = { response: 10_000, upstreamConnections: 1 };
  await using join = await Http2Join.start(app.port, { clock, limits });
  await using client = new Http2Client(join.port);
  const first = client.session.request(requestTo("/"));
  await once(first, "response");
  const second = exchange(client.session, { flat: requestTo("/") });
  await client.settled();

  clock.advance(9_900);
  await client.settled();
  expect(join.pool.counts.waiting).toBe(1);
  clock.advance(1_000);

  expect((await second).status).toBe(504);
});

test("a request that stands still behind bytes in both directions is cut in its time", async () => {
  const clock = new ManualClock();
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<WireError>();
  await using front = await Http2Front.start(
    (exchange) => {
      exchange.watcher = { aborted: aborted.resolve };
      exchange.body.start({ ...SINK, chunk: () => (begun.resolve(), true) });
      exchange.respond(OK, {
        length: undefined,
        start: (sink) => void sink.chunk(Buffer.from("some")),
        resume: () => {},
        cancel: () => {},
      });
    },
    { clock, limits: { bodyIdle: 400 } },
  );
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, POST, FLAG.endHeaders), data(1, "some"));
  await Promise.all([begun.promise, peer.frame(({ type }) => type === FRAME.data)]);

  clock.advance(700);

  expect((await aborted.promise).code).toBe("body_timeout");
});

test("a body that comes slowly but steadily is not cut", async () => {
  const clock = new ManualClock();
  const done = Promise.withResolvers<void>();
  let arrived = Promise.withResolvers<void>();
  await using front = await Http2Front.start(
    (exchange) =>
      exchange.body.start({
        chunk: () => (arrived.resolve(), true),
        end: () => done.resolve(),
        fail: done.reject,
      }),
    { clock, limits: { bodyIdle: 1_000, keepAlive: 0 } },
  );
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, POST, FLAG.endHeaders));

  for (let i = 0; i < 20; i++) {
    arrived = Promise.withResolvers<void>();
    peer.send(data(1, "x"));
    await arrived.promise;
    clock.advance(700);
  }
  peer.send(data(1, "", FLAG.endStream));

  await done.promise;
  expect(clock.now()).toBe(14_000);
});

test("a request that waits for its own answer is not cut, however long its handler thinks", async () => {
  const clock = new ManualClock();
  const answer = Promise.withResolvers<() => void>();
  await using front = await Http2Front.start(
    (exchange) => answer.resolve(() => exchange.respond(OK, undefined)),
    { clock, limits: { bodyIdle: 1_000 } },
  );
  await using client = new Http2Client(front.port);
  const coming = exchange(client.session, { flat: requestTo("/", "POST"), body: Buffer.from("body") });
  const respond = await answer.promise;
  await client.settled();

  clock.advance(60_000);
  respond();

  expect((await coming).status).toBe(200);
});

test.each([
  ["the window of its stream", 0],
  // All windows are open: what waits, waits in the sockets.
  ["its socket", 2 ** 30],
])("a client that does not read what fits %s is cut", async (_what, window) => {
  const clock = new ManualClock();
  const aborted = Promise.withResolvers<WireError>();
  const chunk = Buffer.alloc(64 * 1024);
  let taken = 0;
  const stuck = Promise.withResolvers<void>();
  await using front = await Http2Front.start(
    (exchange) => {
      let sink = SINK;
      const pour = (): void => {
        do taken += chunk.length;
        while (sink.chunk(chunk));
        if (taken > 0) setTimeout(() => stuck.resolve(), 300);
      };
      exchange.watcher = { aborted: aborted.resolve };
      exchange.respond(OK, {
        length: undefined,
        start: (to) => {
          sink = to;
          pour();
        },
        resume: pour,
        cancel: () => {},
      });
    },
    { clock, limits: { bodyIdle: 1_000 } },
  );
  await using peer = await Http2Peer.connect(front.port);
  peer.send(
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    settings([[constants.NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window]]),
    ...(window > 0 ? [windowUpdate(0, window)] : []),
    headers(1, POST, FLAG.endHeaders | FLAG.endStream),
  );
  if (window > 0) peer.socket.pause();
  await stuck.promise;

  clock.advance(3_000);

  expect((await aborted.promise).code).toBe("client_too_slow");
  expect(taken).toBeLessThan(16 * 1024 * 1024);
});

test("an app that accepts and says nothing is a connect timeout", async () => {
  const clock = new ManualClock();
  const mute = createServer(() => {});
  mute.listen(0, "127.0.0.1");
  await once(mute, "listening");
  const { port } = mute.address() as { port: number };
  await using join = await Http2Join.start(port, { clock, limits: { connect: 1_000 } });
  await using client = new Http2Client(join.port);
  const answer = exchange(client.session, { flat: requestTo("/") });
  await once(mute, "connection");

  clock.advance(2_000);

  expect((await answer).status).toBe(504);
  expect(join.pool.counts).toMatchObject({ sessions: 0, failed: 1 });
  mute.close();
});

test("an app that does not answer in time is 504, and its stream is cancelled", async () => {
  const clock = new ManualClock();
  const cancelled = Promise.withResolvers<number>();
  await using app = await Http2App.start((stream) => {
    stream.on("close", () => cancelled.resolve(stream.rstCode ?? -1));
  });
  await using join = await Http2Join.start(app.port, { clock, limits: { response: 1_000 } });
  await using client = new Http2Client(join.port);
  const answer = exchange(client.session, { flat: requestTo("/") });
  await once(app.server, "stream");

  clock.advance(3_000);

  expect((await answer).status).toBe(504);
  expect(await cancelled.promise).toBe(constants.NGHTTP2_CANCEL);
});

test("an app whose answer stalls is cut, and so is the answer", async () => {
  const clock = new ManualClock();
  await using app = await Http2App.start((stream) => {
    stream.respond({ ":status": 200 });
    stream.write("half");
  });
  await using join = await Http2Join.start(app.port, { clock, limits: { bodyIdle: 1_000 } });
  await using client = new Http2Client(join.port);
  const stream = client.session.request(requestTo("/"));
  const answer = collect(stream);
  await once(stream, "data");

  clock.advance(3_000);

  expect((await answer).code).not.toBe(constants.NGHTTP2_NO_ERROR);
  expect(join.pool.counts.active).toBe(0);
});

test("an idle upstream session is closed, and the next request opens another", async () => {
  const clock = new ManualClock();
  await using app = await Http2App.start((stream) => stream.respond({ ":status": 200 }, { endStream: true }));
  await using join = await Http2Join.start(app.port, { clock, limits: { upstreamIdle: 1_000 } });
  await using client = new Http2Client(join.port);
  await exchange(client.session, { flat: requestTo("/") });
  const closed = once([...app.sessions][0] ?? app.server, "close");

  clock.advance(2_000);
  await closed;
  const second = await exchange(client.session, { flat: requestTo("/") });

  expect(second.status).toBe(200);
  expect(join.pool.counts.opened).toBe(2);
});

test("no timer is left when everything is closed", async () => {
  const clock = new ManualClock();
  {
    await using app = await Http2App.start((stream) =>
      stream.respond({ ":status": 200 }, { endStream: true }),
    );
    await using join = await Http2Join.start(app.port, { clock });
    await using client = new Http2Client(join.port);
    await exchange(client.session, { flat: requestTo("/") });
  }

  // A turn of the wheel after the last deadline was disarmed.
  clock.advance(1024 * 100 + 100);

  expect(clock.pending).toBe(0);
});
