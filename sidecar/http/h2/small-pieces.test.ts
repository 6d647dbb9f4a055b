import * as fc from "fast-check";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { FLAG, headers, settings, type Field } from "../../../test/support/http2-frames.ts";
import { Http2Client, Http2Front } from "../../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";
import { exchange, requestTo } from "../../../test/support/http2-request.ts";
import type { BodySink, BodySource } from "../exchange.ts";

const OK = { status: 200, headers: HeaderBlock.empty };
const GET: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];
const STREAMS = 50;
const INITIAL_WINDOW_SIZE = 4;
const MIB = 1024 * 1024;

/** Gives single bytes for as long as they are taken. */
function endlessBytes(stopped: () => void): BodySource {
  return {
    length: undefined,
    start: (sink) => {
      while (sink.chunk(Buffer.of(0x61)));
      stopped();
    },
    resume: () => {},
    cancel: () => {},
  };
}

test("single bytes for somebody who does not read take little more memory than they are long", async () => {
  let stopped = 0;
  const all = Promise.withResolvers<void>();
  await using front = await Http2Front.start((each) =>
    each.respond(
      OK,
      endlessBytes(() => ++stopped === STREAMS && all.resolve()),
    ),
  );
  await using peer = await Http2Peer.connect(front.port);
  const before = process.memoryUsage().heapUsed;

  const requests = Array.from({ length: STREAMS }, (_, index) =>
    headers(2 * index + 1, GET, FLAG.endHeaders | FLAG.endStream),
  );
  peer.begin(settings([[INITIAL_WINDOW_SIZE, 0]]), ...requests);
  await all.promise;

  // Each byte in a buffer of its own would take 500 MiB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * MIB);
});

test("a source is stopped for as long as its reader has much to read, whatever was gathered", async () => {
  const pieces = Array.from({ length: 400 }, () => [54_000, ...Array<number>(15).fill(1_000), 30_000]).flat();
  let given = 0;
  let sink: BodySink | undefined;
  const pour = (): void => {
    for (;;) {
      const size = pieces.shift();
      if (size === undefined) return sink?.end(undefined);
      given += size;
      if (sink?.chunk(Buffer.alloc(size)) !== true) return;
    }
  };
  const start = (to: BodySink): void => {
    sink = to;
    pour();
  };
  const source: BodySource = { length: undefined, start, resume: pour, cancel: () => {} };
  await using front = await Http2Front.start((each) => each.respond(OK, source));
  await using client = new Http2Client(front.port);
  let taken = 0;
  let most = 0;

  const stream = client.session.request(requestTo("/"));
  stream.on("data", (bytes: Buffer) => {
    taken += bytes.length;
    most = Math.max(most, given - taken);
  });
  await once(stream, "end");

  expect(taken).toBe(400 * 99_000);
  expect(most).toBeLessThan(MIB);
});

/** Gives pieces, some of them in a turn of their own, and waits where it is told to. */
class Pieces implements BodySource {
  readonly length = undefined;
  readonly #pieces: readonly (readonly [bytes: Buffer, newTurn: boolean])[];
  #resumed = Promise.withResolvers<void>();

  constructor(pieces: readonly (readonly [bytes: Buffer, newTurn: boolean])[]) {
    this.#pieces = pieces;
  }

  start(sink: BodySink): void {
    void this.#pour(sink);
  }

  resume(): void {
    this.#resumed.resolve();
  }

  cancel(): void {}

  async #pour(sink: BodySink): Promise<void> {
    for (const [bytes, newTurn] of this.#pieces) {
      if (newTurn) await turn();
      this.#resumed = Promise.withResolvers();
      if (!sink.chunk(bytes)) await this.#resumed.promise;
    }
    sink.end(undefined);
  }
}

test("pieces of all lengths arrive whole and in order", { timeout: 60_000 }, async () => {
  let pieces: readonly (readonly [Buffer, boolean])[] = [];
  await using front = await Http2Front.start((each) => each.respond(OK, new Pieces(pieces)));
  await using client = new Http2Client(front.port);
  const length = fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 900, max: 1_100 }),
    fc.constant(30_000),
  );
  const piece = fc.tuple(length, fc.nat(255), fc.boolean());

  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 200 }), async (given) => {
      pieces = given.map(([size, fill, newTurn]) => [Buffer.alloc(size, fill), newTurn]);
      const { body } = await exchange(client.session, { flat: requestTo("/") });
      expect(body.equals(Buffer.concat(pieces.map(([bytes]) => bytes)))).toBe(true);
    }),
    { numRuns: 60 },
  );
});
