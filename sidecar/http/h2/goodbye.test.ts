import { constants } from "node:http2";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { ManualClock } from "../../../core/manual-clock.ts";
import { data, FLAG, FRAME, goaway, headers, ping, type Field } from "../../../test/support/http2-frames.ts";
import { Http2Front, type FixtureOptions } from "../../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";
import { turnUntil } from "../../../test/support/turns.ts";
import type { BodySource, ServerExchange } from "../exchange.ts";

const GET: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];
const OK = { status: 200, headers: HeaderBlock.empty };

/** Which nobody may send; nghttp2 says so by GOAWAY. */
const ILLEGAL = data(0, "x");

/** A body of no bytes, behind which trailers might come. */
const NOTHING: BodySource = {
  length: undefined,
  start: (sink) => sink.end(undefined),
  resume: () => {},
  cancel: () => {},
};

/** A front and a client whose request waits for its answer. */
async function asked(
  options?: FixtureOptions,
): Promise<{ front: Http2Front; peer: Http2Peer; exchange: ServerExchange } & AsyncDisposable> {
  const begun = Promise.withResolvers<ServerExchange>();
  const front = await Http2Front.start(begun.resolve, options);
  const peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, GET, FLAG.endHeaders | FLAG.endStream));
  const exchange = await begun.promise;
  const close = async (): Promise<void> => {
    await peer[Symbol.asyncDispose]();
    await front[Symbol.asyncDispose]();
  };
  return { front, peer, exchange, [Symbol.asyncDispose]: close };
}

async function said(peer: Http2Peer, ...frames: readonly Buffer[]): Promise<void> {
  const { length } = peer.received;
  peer.send(...frames, ping());
  await peer.frame((frame) => frame.type === FRAME.ping && peer.received.indexOf(frame) >= length);
}

test("a client that says goodbye gets the answer that it waits for, and its connection ends with it", async () => {
  await using waiting = await asked({ clock: new ManualClock() });
  const { front, peer, exchange } = waiting;
  await said(peer, goaway(0, constants.NGHTTP2_NO_ERROR));

  exchange.respond(OK, Buffer.from("late"));

  await peer.untilClosed();
  const body = peer.received.filter(({ type }) => type === FRAME.data).map(({ payload }) => payload);
  expect(Buffer.concat(body).toString()).toBe("late");
  await front.until(() => front.sessions.size === 0);
});

test("a client that waits for nothing and says goodbye is closed", async () => {
  await using front = await Http2Front.start(() => expect.unreachable(), { clock: new ManualClock() });
  await using peer = await Http2Peer.connect(front.port);

  peer.begin(goaway(0, constants.NGHTTP2_NO_ERROR));

  await peer.untilClosed();
});

test("a client that says goodbye and then breaks the rules loses what it waits for", async () => {
  await using waiting = await asked({ clock: new ManualClock() });
  const { front, peer } = waiting;
  await said(peer, goaway(0, constants.NGHTTP2_NO_ERROR));

  peer.send(ILLEGAL);

  await front.until(() => front.sessions.size === 0);
  expect(front.inFlight.count).toBe(0);
});

test("an answer that nghttp2 does not send any more is given up like one that its client does not read", async () => {
  const clock = new ManualClock();
  await using waiting = await asked({ clock, limits: { bodyIdle: 1_000 } });
  const { front, peer, exchange } = waiting;
  for (const session of front.sessions) session.drain();
  await peer.goaway();
  peer.send(ILLEGAL);
  await peer.frame(({ type, payload }) => type === FRAME.goaway && payload.readUInt32BE(4) !== 0);

  exchange.respond(OK, NOTHING);
  clock.advance(5_000);

  await turnUntil(() => front.inFlight.count === 0);
  expect(exchange.sent).toBe(0);
});
