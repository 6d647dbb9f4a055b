import { constants } from "node:http2";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { data, FLAG, FRAME, headers, type Field } from "../../../test/support/http2-frames.ts";
import { Http2Front } from "../../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";
import type { ExchangeHandler } from "../exchange.ts";

const END = FLAG.endHeaders | FLAG.endStream;
const REQUEST: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "app.test"],
];
const answer: ExchangeHandler = (exchange) =>
  exchange.respond({ status: 200, headers: HeaderBlock.empty }, undefined);

function withPath(path: string): Field[] {
  return [...REQUEST, [":path", path]];
}

const HEADS: readonly (readonly [
  what: string,
  fields: readonly Field[],
  code: string,
  status: number,
  reason: RegExp,
])[] = [
  ["a long path", withPath(`/${"x".repeat(200)}`), "target_too_long", 414, /201 bytes/],
  ["many bytes", [...withPath("/"), ["x", "y".repeat(400)]], "header_too_large", 431, /bytes/],
  [
    "many fields",
    [...withPath("/"), ...Array.from({ length: 9 }, (_, index): Field => [`a${index}`, "1"])],
    "header_too_large",
    431,
    /more than 8 fields/,
  ],
  ["a fragment in its path", withPath("/#part"), "bad_request", 0, /:path/],
];

test.each(HEADS)(
  "a head with %s is told of, once, with what was wrong",
  async (_what, fields, code, status, reason) => {
    await using front = await Http2Front.start(answer, {
      limits: { targetBytes: 100, headBytes: 300, headFields: 8 },
    });
    await using peer = await Http2Peer.connect(front.port);

    peer.begin(headers(1, fields, END));
    await peer.frame(
      ({ type, stream }) => stream === 1 && (type === FRAME.headers || type === FRAME.resetStream),
    );

    expect(front.refused).toMatchObject([
      {
        peer: { remoteAddress: "127.0.0.1" },
        protocol: "h2",
        error: { code, message: expect.stringMatching(reason) as string },
        status,
      },
    ]);
    expect(front.refused[0]?.head).toBeUndefined();
  },
);

test("a request over the limit in flight is told of with its head", async () => {
  await using front = await Http2Front.start(answer, { limits: { inFlight: 0 } });
  await using peer = await Http2Peer.connect(front.port);

  peer.begin(headers(1, withPath("/asked"), END));
  await peer.frame(({ type, stream }) => stream === 1 && type === FRAME.headers);

  expect(front.refused).toMatchObject([
    { head: { target: "/asked" }, status: 503, error: { code: "too_many_requests_in_flight" } },
  ]);
});

test("a connection that breaks the rules is told of once; a good request is not", async () => {
  await using front = await Http2Front.start(answer);
  await using peer = await Http2Peer.connect(front.port);
  peer.begin(headers(1, withPath("/"), END));
  await peer.frame(({ type, stream }) => stream === 1 && type === FRAME.headers);
  expect(front.refused).toEqual([]);

  peer.send(headers(2, withPath("/"), END));
  await peer.frame(({ type }) => type === FRAME.goaway);

  expect(front.refused).toMatchObject([{ protocol: "h2", status: 0, error: { code: "bad_request" } }]);
});

test("trailers with more fields than a head may have are told of, and the message is not taken for whole", async () => {
  const failed = Promise.withResolvers<string>();
  await using front = await Http2Front.start(
    ({ body }) =>
      body.start({
        chunk: () => true,
        end: () => failed.resolve("ended"),
        fail: ({ code }) => failed.resolve(code),
      }),
    { limits: { headFields: 8 } },
  );
  await using peer = await Http2Peer.connect(front.port);
  const trailers = Array.from({ length: 9 }, (_, index): Field => [`a${index}`, "1"]);

  peer.begin(
    headers(1, [...withPath("/"), ["trailer", "a0"], ["content-length", "1"]], FLAG.endHeaders),
    data(1, "x"),
    headers(1, trailers, END),
  );

  expect(await failed.promise).toBe("header_too_large");
  expect(await peer.reset(1)).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
});
