import { constants } from "node:http2";
import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { HeaderBlock } from "../../../core/headers/header-block.ts";
import {
  data,
  FLAG,
  FRAME,
  frame,
  goaway,
  headers,
  hpack,
  ping,
  resetStream,
  settings,
  type Field,
} from "../../../test/support/http2-frames.ts";
import { Http2Front } from "../../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";
import type { ExchangeHandler } from "../exchange.ts";

const END = FLAG.endHeaders | FLAG.endStream;
const REQUEST: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];

const answer: ExchangeHandler = (exchange) =>
  exchange.respond({ status: 200, headers: HeaderBlock.empty }, undefined);
const silence: ExchangeHandler = () => {};

test("opening and resetting streams without end closes the connection, and no exchange is left", async () => {
  let begun = 0;
  await using front = await Http2Front.start(() => begun++);
  await using peer = await Http2Peer.connect(front.port);
  peer.begin();

  for (let stream = 1; stream < 40_000 && !peer.closed; stream += 2)
    peer.send(headers(stream, REQUEST, END), resetStream(stream, constants.NGHTTP2_CANCEL));

  await peer.untilClosed();
  await front.until(() => front.sessions.size === 0);
  expect(begun).toBeLessThan(2_000);
  expect(front.inFlight.count).toBe(0);
});

test.each([
  ["PING", ping()],
  ["SETTINGS", settings([[constants.NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65_535]])],
])("a flood of %s by a peer who reads ends the connection", async (_name, bytes) => {
  await using front = await Http2Front.start(answer, { clock: new ManualClock() });
  await using peer = await Http2Peer.connect(front.port);
  peer.begin();

  for (let i = 0; i < 2_000 && !peer.closed; i++) peer.send(bytes);

  await peer.untilClosed();
  const answered = peer.received.filter(({ flags }) => flags === FLAG.ack).length;
  // GOAWAY itself may be lost: the connection is closed with frames unread.
  expect(answered).toBeLessThan(1_100);
});

test("a client that says goodbye, again and again, is let go", async () => {
  await using front = await Http2Front.start(answer);
  await using peer = await Http2Peer.connect(front.port);
  peer.begin();

  for (let i = 0; i < 1_000 && !peer.closed; i++) peer.send(goaway(0, constants.NGHTTP2_NO_ERROR));

  await peer.untilClosed();
  await front.until(() => front.sessions.size === 0);
  expect(front.sessions.size).toBe(0);
});

test("heads that are refused, one after the other, end the connection", async () => {
  await using front = await Http2Front.start(answer, { clock: new ManualClock() });
  await using peer = await Http2Peer.connect(front.port);
  peer.begin();
  const fragment = REQUEST.map(([name, value]): Field => [name, name === ":path" ? "/a#b" : value]);

  let refused = 0;
  const told = async (stream: number): Promise<number> =>
    (await peer.frame(({ type, stream: on }) => type === FRAME.goaway || on === stream)).type;
  do peer.send(headers(2 * refused + 1, fragment, END));
  while ((await told(2 * refused + 1)) === FRAME.resetStream && ++refused < 2_000);

  await peer.untilClosed();
  expect(refused).toBeLessThan(1_100);
});

test("pings at the pace of keep-alive are answered for ever", async () => {
  const clock = new ManualClock();
  await using front = await Http2Front.start(answer, { clock, limits: { keepAlive: 0 } });
  await using peer = await Http2Peer.connect(front.port);
  peer.begin();

  for (let i = 1; i <= 3_000; i++) {
    clock.advance(10);
    peer.send(ping());
    await peer.frame(({ type, flags }) => type === FRAME.ping && flags === FLAG.ack);
    peer.received.length = 0;
  }

  expect(peer.closed).toBe(false);
});

test("a flood of PING by a peer who does not read ends the connection", async () => {
  await using front = await Http2Front.start(answer, { clock: new ManualClock() });
  await using peer = await Http2Peer.connect(front.port);
  peer.begin();
  peer.socket.pause();

  const flood = Buffer.concat(Array.from({ length: 1_000 }, ping));
  while (front.sessions.size === 0) await front.until(() => front.sessions.size > 0);
  for (let i = 0; i < 20; i++) peer.send(flood);

  await front.until(() => front.sessions.size === 0);
  expect(front.sessions.size).toBe(0);
});

test("a head in endless CONTINUATION frames ends the connection", async () => {
  let begun = 0;
  await using front = await Http2Front.start(() => begun++);
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, REQUEST, FLAG.endStream));

  for (let i = 0; i < 200 && !peer.closed; i++)
    peer.send(frame(FRAME.continuation, 0, 1, hpack([[`x-${i}`, "v".repeat(1_000)]])));

  await peer.untilClosed();
  expect(begun).toBe(0);
});

test("a head in endless empty CONTINUATION frames ends the connection", async () => {
  await using front = await Http2Front.start(silence);
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, REQUEST, FLAG.endStream));

  for (let i = 0; i < 200 && !peer.closed; i++) peer.send(frame(FRAME.continuation, 0, 1));

  await peer.untilClosed();
  expect(front.inFlight.count).toBe(0);
});

test("a head of too many bytes from a client that cannot know the limit yet is answered 431", async () => {
  let begun = 0;
  await using front = await Http2Front.start(() => begun++);
  await using peer = await Http2Peer.connect(front.port, false);
  const block = hpack([
    ...REQUEST,
    ...Array.from({ length: 33 }, (_, i): Field => [`x-${i}`, "v".repeat(1_000)]),
  ]);

  peer.begin(
    frame(FRAME.headers, FLAG.endStream, 1, block.subarray(0, 16_000)),
    frame(FRAME.continuation, 0, 1, block.subarray(16_000, 32_000)),
    frame(FRAME.continuation, FLAG.endHeaders, 1, block.subarray(32_000)),
  );

  const answer = await peer.frame(({ type, stream }) => type === FRAME.headers && stream === 1);
  expect(answer.payload.subarray(0, 5).toString("latin1")).toBe("\x48\x03431");
  expect(begun).toBe(0);
});

test("a client that never acknowledges our limits is cut", async () => {
  const clock = new ManualClock();
  await using front = await Http2Front.start(silence, { clock, limits: { head: 1_000 } });
  await using peer = await Http2Peer.connect(front.port, false);
  peer.begin();
  await peer.frame(({ type }) => type === FRAME.settings);

  clock.advance(1_500);

  expect(await peer.goaway()).toBe(constants.NGHTTP2_SETTINGS_TIMEOUT);
  await peer.untilClosed();
});

test.each([
  ["too many bytes", Array.from({ length: 60 }, (_, i): Field => [`x-${i}`, "v".repeat(1_000)])],
  ["far too many fields", Array.from({ length: 900 }, (_, i): Field => [`x-${i}`, "v"])],
])("a head of %s is reset and the connection goes on", async (_what, fields) => {
  const targets: string[] = [];
  await using front = await Http2Front.start((exchange) => {
    targets.push(exchange.head.target);
    answer(exchange);
  });
  await using peer = await Http2Peer.connect(front.port);
  peer.begin();
  await peer.frame(({ type, flags }) => type === FRAME.settings && flags === 0);
  const block = hpack([...REQUEST, ...fields]);
  const parts = Array.from({ length: Math.ceil(block.length / 16_000) }, (_, i) =>
    block.subarray(i * 16_000, (i + 1) * 16_000),
  );

  peer.send(
    ...parts.map((part, i) => {
      const last = i === parts.length - 1 ? FLAG.endHeaders : 0;
      return i === 0
        ? frame(FRAME.headers, FLAG.endStream | last, 1, part)
        : frame(FRAME.continuation, last, 1, part);
    }),
    headers(3, [...REQUEST.slice(0, 3), [":path", "/next"]], END),
  );

  expect(await peer.reset(1)).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  await peer.frame(({ type, stream }) => type === FRAME.headers && stream === 3);
  expect(targets).toEqual(["/next"]);
});

test("empty DATA frames among others end nothing, however many there were", async () => {
  await using front = await Http2Front.start((exchange) =>
    exchange.body.start({
      chunk: () => true,
      end: () => exchange.respond({ status: 200, headers: HeaderBlock.empty }, undefined),
      fail: () => {},
    }),
  );
  await using peer = await Http2Peer.connect(front.port);
  peer.begin();

  for (let stream = 1; stream < 3_000; stream += 2) {
    peer.send(headers(stream, REQUEST, FLAG.endHeaders), data(stream, ""), data(stream, "x", FLAG.endStream));
    await peer.frame(({ type, stream: on }) => type === FRAME.headers && on === stream);
  }

  expect(peer.closed).toBe(false);
});

test("a flood of empty DATA frames ends the connection", async () => {
  await using front = await Http2Front.start((exchange) =>
    exchange.body.start({ chunk: () => true, end: () => {}, fail: () => {} }),
  );
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, REQUEST, FLAG.endHeaders));

  const empty = data(1, "");
  peer.send(Buffer.alloc(20_000 * empty.length, empty));

  await peer.untilClosed();
  expect(front.inFlight.count).toBe(0);
});

test("a stream too many from a client that cannot know the limit yet is refused, the others go on", async () => {
  await using front = await Http2Front.start(silence, { limits: { h2Streams: 4 } });
  await using peer = await Http2Peer.connect(front.port, false);

  peer.begin(...[1, 3, 5, 7, 9].map((stream) => headers(stream, REQUEST, END)));

  expect(await peer.reset(9)).toBe(constants.NGHTTP2_REFUSED_STREAM);
  expect(front.inFlight.count).toBe(4);
});

test("a stream too many from a client that has acknowledged the limit ends the connection", async () => {
  await using front = await Http2Front.start(silence, { limits: { h2Streams: 4 } });
  await using peer = await Http2Peer.connect(front.port);
  peer.begin();
  await peer.frame(({ type, flags }) => type === FRAME.settings && flags === 0);

  peer.send(...[1, 3, 5, 7, 9].map((stream) => headers(stream, REQUEST, END)));

  expect(await peer.goaway()).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
  await front.until(() => front.sessions.size === 0);
  expect(front.inFlight.count).toBe(0);
});

test("an exchange beyond the limit in flight is answered 503 and counted no longer", async () => {
  await using front = await Http2Front.start(silence, { limits: { inFlight: 1 } });
  await using peer = await Http2Peer.connect(front.port);

  peer.begin(headers(1, REQUEST, END), headers(3, REQUEST, END));

  const refused = await peer.frame(({ type, stream }) => type === FRAME.headers && stream === 3);
  expect(refused.payload.subarray(0, 5).toString("latin1")).toBe("\x48\x03503");
  expect(front.inFlight.count).toBe(1);
});
