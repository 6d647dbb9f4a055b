import { expect, test } from "vitest";

import { systemClock } from "../../../core/clock.ts";
import { data, FLAG, FRAME, frame, headers, ping, type Field } from "../../../test/support/http2-frames.ts";
import { Http2App, Http2Front } from "../../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";
import { request } from "../../../test/support/pooled-call.ts";
import type { BodySource, ServerExchange } from "../exchange.ts";
import { Deadlines } from "../deadlines.ts";
import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { ClientPool } from "./client-pool.ts";

const POST: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];

/** Bodies without a byte whose end is a frame of its own, and the trailers that they end with. */
const BARE_ENDS: readonly (readonly [what: string, end: Buffer, trailers: readonly string[] | undefined])[] =
  [
    ["an empty DATA frame", data(1, "", FLAG.endStream), undefined],
    ["nothing but padding", frame(FRAME.data, 0x8 | FLAG.endStream, 1, Buffer.of(1, 0)), undefined],
    ["trailers", headers(1, [["x-sum", "1"]], FLAG.endHeaders | FLAG.endStream), ["x-sum", "1"]],
  ];

test.each(BARE_ENDS)(
  "a request that %s ended before anybody read it is whole",
  async (_what, end, trailers) => {
    const begun = Promise.withResolvers<ServerExchange>();
    await using front = await Http2Front.start(begun.resolve);
    await using peer = await Http2Peer.connect(front.port);
    peer.begin(headers(1, POST, FLAG.endHeaders), end, ping());
    const { body } = await begun.promise;
    await peer.frame(({ type, flags }) => type === FRAME.ping && flags === FLAG.ack);

    const ended = Promise.withResolvers<readonly string[] | undefined>();
    body.start({ chunk: () => true, end: (fields) => ended.resolve(fields?.toFlat()), fail: ended.reject });

    expect(await ended.promise).toEqual(trailers);
  },
);

test("an answer that ended without a byte before anybody read it is whole", async () => {
  await using app = await Http2App.start((stream) => {
    stream.respond({ ":status": 200 });
    setImmediate(() => stream.end());
  });
  const pool = new ClientPool({
    endpoint: { host: "127.0.0.1", port: app.port },
    limits: DEFAULT_WIRE_LIMITS,
    deadlines: new Deadlines(systemClock),
  });
  await using _pool = pool;
  const answered = Promise.withResolvers<BodySource>();
  pool.request(request(), {
    informed: () => {},
    responded: (_head, body) => answered.resolve(body),
    failed: answered.reject,
  });
  const body = await answered.promise;
  while (pool.counts.active > 0) await new Promise(setImmediate);

  const ended = Promise.withResolvers<string>();
  body.start({ chunk: () => true, end: () => ended.resolve("whole"), fail: ended.reject });

  expect(await ended.promise).toBe("whole");
});
