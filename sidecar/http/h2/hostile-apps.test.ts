import { constants } from "node:http2";
import { expect, test } from "vitest";

import { systemClock } from "../../../core/clock.ts";
import {
  FLAG,
  FRAME,
  frame,
  goaway,
  headers,
  hpack,
  settings,
  type Field,
} from "../../../test/support/http2-frames.ts";
import { request } from "../../../test/support/pooled-call.ts";
import { RawHttp2App, type Sending } from "../../../test/support/raw-http2-app.ts";
import { Deadlines } from "../deadlines.ts";
import { DEFAULT_WIRE_LIMITS, type WireLimits } from "../limits.ts";
import { ClientPool } from "./client-pool.ts";

const END = FLAG.endHeaders | FLAG.endStream;
const MAX_CONCURRENT_STREAMS = constants.NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS;

function poolTo(app: RawHttp2App, limits: Partial<WireLimits> = {}): ClientPool {
  return new ClientPool({
    endpoint: { host: "127.0.0.1", port: app.port },
    limits: { ...DEFAULT_WIRE_LIMITS, ...limits },
    deadlines: new Deadlines(systemClock, 5),
  });
}

/** The status of the answer, or the error in its place. */
async function ask(pool: ClientPool, informed = (): void => {}): Promise<number | string> {
  const { promise, resolve } = Promise.withResolvers<number | string>();
  pool.request(request(), {
    informed,
    responded: ({ status }) => resolve(status),
    failed: ({ code }) => resolve(code),
  });
  return await promise;
}

function ok(stream: number, fields: readonly Field[] = []): Buffer {
  return headers(stream, [[":status", "200"], ...fields], END);
}

const answers = (_connection: number, stream: number, send: Sending): void => send(ok(stream));

test("an app that takes no streams is not asked for more connections", async () => {
  await using app = await RawHttp2App.start(answers, settings([[MAX_CONCURRENT_STREAMS, 0]]));
  await using pool = poolTo(app, { response: 500 });

  expect(await ask(pool)).toBe("upstream_timeout");
  expect(app.connections).toBe(1);
});

test("an app that took no streams, and then does, is sent those that wait", async () => {
  const opening = Buffer.concat([
    settings([[MAX_CONCURRENT_STREAMS, 0]]),
    settings([[MAX_CONCURRENT_STREAMS, 2]]),
  ]);
  await using app = await RawHttp2App.start(answers, opening);
  await using pool = poolTo(app);

  expect(await Promise.all([ask(pool), ask(pool)])).toEqual([200, 200]);
  expect(app.connections).toBe(1);
});

test("an app that says goodbye before it takes anything is not connected to again and again", async () => {
  const opening = Buffer.concat([
    settings([[MAX_CONCURRENT_STREAMS, 0]]),
    goaway(0, constants.NGHTTP2_NO_ERROR),
  ]);
  await using app = await RawHttp2App.start(answers, opening);
  await using pool = poolTo(app, { response: 500 });

  expect(await ask(pool)).toBe("upstream_timeout");
  expect(app.connections, "one at first, and one for each look at the line").toBeLessThanOrEqual(3);
});

test("an app that informs without end is given up, and its stream reset", async () => {
  await using app = await RawHttp2App.start((_connection, stream, send) =>
    send(...Array.from({ length: 1_000 }, () => headers(stream, [[":status", "103"]], FLAG.endHeaders))),
  );
  await using pool = poolTo(app);
  let informed = 0;

  expect(await ask(pool, () => informed++)).toBe("upstream_invalid");
  expect(informed).toBe(100);
});

test("an answer's head that is too large is refused on the first stream too", async () => {
  const block = hpack([
    [":status", "200"],
    ...Array.from({ length: 50 }, (_, i): Field => [`x-${i}`, "v".repeat(1_000)]),
  ]);
  await using app = await RawHttp2App.start((_connection, stream, send) =>
    send(
      frame(FRAME.headers, FLAG.endStream, stream, block.subarray(0, 16_000)),
      frame(FRAME.continuation, 0, stream, block.subarray(16_000, 32_000)),
      frame(FRAME.continuation, 0, stream, block.subarray(32_000, 48_000)),
      frame(FRAME.continuation, FLAG.endHeaders, stream, block.subarray(48_000)),
    ),
  );
  await using pool = poolTo(app);

  expect(await ask(pool)).toBe("upstream_invalid");
});
