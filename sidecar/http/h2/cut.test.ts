import { constants } from "node:http2";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { data, FLAG, FRAME, headers, type Field } from "../../../test/support/http2-frames.ts";
import { Http2Front } from "../../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";

const GET: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];
const END = FLAG.endHeaders | FLAG.endStream;

/** Answers with the beginning of a body that never ends. */
async function startHalf(): Promise<Http2Front> {
  return await Http2Front.start((exchange) =>
    exchange.respond(
      { status: 200, headers: HeaderBlock.empty },
      {
        length: undefined,
        start: (sink) => void sink.chunk(Buffer.from("half")),
        resume: () => {},
        cancel: () => {},
      },
    ),
  );
}

test("an answer that is cut with its connection never looks whole", async () => {
  await using front = await startHalf();
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, GET, END));
  await peer.frame(({ type }) => type === FRAME.data);

  for (const session of front.sessions) session.destroy();
  await peer.untilClosed();

  const ended = peer.received.filter(({ type, stream, flags, payload }) =>
    type === FRAME.resetStream
      ? payload.readUInt32BE(0) === constants.NGHTTP2_NO_ERROR
      : stream === 1 && (flags & FLAG.endStream) !== 0,
  );
  expect(ended).toEqual([]);
});

test("a request that is cut before its answer is not reset as if all were well", async () => {
  const begun = Promise.withResolvers<void>();
  await using front = await Http2Front.start(() => begun.resolve());
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, GET, END));
  await begun.promise;
  await peer.frame(({ type, flags }) => type === FRAME.settings && flags === FLAG.ack);

  for (const session of front.sessions) session.destroy();
  await peer.untilClosed();

  const codes = peer.received.filter(({ type }) => type === FRAME.resetStream || type === FRAME.goaway);
  expect(codes.map(({ payload }) => payload.readUInt32BE(payload.length - 4))).not.toContain(
    constants.NGHTTP2_NO_ERROR,
  );
});

test.for([
  ["by its owner", "draining"],
  ["by the client", "client_gone"],
] as const)("an exchange whose connection is cut %s ends as %s", async ([by, code]) => {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<string>();
  await using front = await Http2Front.start((exchange) => {
    exchange.watcher = { aborted: (reason) => aborted.resolve(reason.code) };
    begun.resolve();
  });
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, GET, END));
  await begun.promise;

  if (by === "by the client") await peer[Symbol.asyncDispose]();
  else for (const session of front.sessions) session.destroy();

  expect(await aborted.promise).toBe(code);
});

test("a connection that drains finishes what is open, says so once, and begins nothing new", async () => {
  let begun = 0;
  await using front = await Http2Front.start((exchange) => {
    begun++;
    exchange.body.start({
      chunk: () => true,
      end: () => exchange.respond({ status: 200, headers: HeaderBlock.empty }, undefined),
      fail: () => {},
    });
  });
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, GET, FLAG.endHeaders));
  await front.until(() => front.sessions.size === 1);
  await peer.frame(({ type, flags }) => type === FRAME.settings && flags === FLAG.ack);

  for (const session of front.sessions) session.drain();
  expect(await peer.goaway()).toBe(constants.NGHTTP2_NO_ERROR);
  peer.send(headers(3, GET, END), data(1, "rest", FLAG.endStream));

  await peer.frame(({ type, stream }) => type === FRAME.headers && stream === 1);
  await peer.untilClosed();
  expect(begun).toBe(1);
  expect(peer.received.some(({ stream }) => stream === 3)).toBe(false);
});
