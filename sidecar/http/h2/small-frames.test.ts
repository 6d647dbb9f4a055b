import * as fc from "fast-check";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { data, FLAG, FRAME, headers, ping, type Field } from "../../../test/support/http2-frames.ts";
import { Http2Front } from "../../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";
import type { BodySink, BodySource, ServerExchange } from "../exchange.ts";
import { WireError } from "../wire-error.ts";

const OK = { status: 200, headers: HeaderBlock.empty };
const POST: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];
const STREAMS = 20;
const WINDOW = 65_535;
const MIB = 1024 * 1024;

test.for([
  ["reads", (): void => {}],
  ["wants any more", ({ body }: ServerExchange): void => body.cancel(new WireError("cancelled", "answered"))],
] as const)(
  "a window of single bytes that nobody %s takes little more than it is long",
  async ([, handler]) => {
    await using front = await Http2Front.start(handler);
    await using peer = await Http2Peer.connect(front.port);
    peer.begin();
    const before = process.memoryUsage().heapUsed;

    for (let stream = 1; stream < 2 * STREAMS; stream += 2) {
      const byte = data(stream, "a");
      peer.send(headers(stream, POST, FLAG.endHeaders), Buffer.alloc(WINDOW * byte.length, byte));
    }
    peer.send(ping());
    await peer.frame(({ type }) => type === FRAME.ping);

    // Each byte in a buffer of its own would take 200 MiB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 * MIB);
  },
);

/** Takes bodies, and wants nothing for a turn after each piece that its plan says so of. */
class Pausing implements BodySink {
  readonly whole = Promise.withResolvers<Buffer>();
  readonly #body: BodySource;
  readonly #pauses: readonly boolean[];
  readonly #pieces: Buffer[] = [];

  constructor(body: BodySource, pauses: readonly boolean[]) {
    this.#body = body;
    this.#pauses = pauses;
  }

  chunk(bytes: Buffer): boolean {
    const pauses = this.#pauses[this.#pieces.length % this.#pauses.length] === true;
    this.#pieces.push(Buffer.from(bytes));
    if (pauses) void turn().then(() => this.#body.resume());
    return !pauses;
  }

  end(): void {
    this.whole.resolve(Buffer.concat(this.#pieces));
  }

  fail(error: Error): void {
    this.whole.reject(error);
  }
}

test(
  "frames of all lengths arrive whole and in order, however they are read",
  { timeout: 60_000 },
  async () => {
    let wanted = { turns: 0, pauses: [false] };
    let read = Promise.withResolvers<Buffer>();
    const take = async (exchange: ServerExchange): Promise<void> => {
      for (let each = 0; each < wanted.turns; each++) await turn();
      const sink = new Pausing(exchange.body, wanted.pauses);
      exchange.body.start(sink);
      read.resolve(sink.whole.promise);
      await sink.whole.promise;
      exchange.respond(OK, undefined);
    };
    await using front = await Http2Front.start((each) => void take(each));
    await using peer = await Http2Peer.connect(front.port);
    peer.begin();
    let stream = -1;
    const length = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 900, max: 1_100 }));
    const frames = fc.array(fc.tuple(length, fc.nat(255), fc.boolean()), { minLength: 1, maxLength: 50 });

    const pauses = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });

    await fc.assert(
      fc.asyncProperty(frames, fc.nat(6), pauses, async (given, turns, wants) => {
        wanted = { turns, pauses: wants };
        read = Promise.withResolvers();
        stream += 2;
        peer.send(headers(stream, POST, FLAG.endHeaders));
        const bodies = given.map(([size, fill]) => Buffer.alloc(size, fill));
        for (const [index, body] of bodies.entries()) {
          if (given[index]?.[2] === true) await turn();
          peer.send(data(stream, body, index === bodies.length - 1 ? FLAG.endStream : 0));
        }
        expect((await read.promise).equals(Buffer.concat(bodies))).toBe(true);
      }),
      { numRuns: 200 },
    );
  },
);
