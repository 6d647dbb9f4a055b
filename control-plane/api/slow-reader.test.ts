import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";

import { fastify } from "fastify";
import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { sendText, type TextPiece } from "./text-answer.ts";

const PATIENCE = 1_000;
const PIECE = { text: `${"x".repeat(65_535)}\n`, position: undefined };

/** A server that sends what `pieces` makes; `left` resolves when nobody takes it any more. */
async function textServer(pieces: (clock: ManualClock) => AsyncIterable<TextPiece>) {
  const clock = new ManualClock();
  const left = Promise.withResolvers<"left">();
  const server = fastify();
  async function* watched(): AsyncGenerator<TextPiece> {
    try {
      yield* pieces(clock);
    } finally {
      left.resolve("left");
    }
  }
  server.get("/", async (request, reply) =>
    sendText(request, reply, watched(), { clock, patience: PATIENCE, onFault: () => undefined }),
  );
  await server.listen({ host: "127.0.0.1", port: 0 });
  const { port } = server.server.address() as AddressInfo;
  return { clock, port, left: left.promise, [Symbol.asyncDispose]: () => server.close() };
}

async function* endless(): AsyncGenerator<TextPiece> {
  while (true) yield PIECE;
}

test.for(["/", "/?follow=true"])(
  "whoever asks for %s and reads nothing is cut, and makes room",
  async (path) => {
    await using server = await textServer(endless);
    const socket = connect(server.port, "127.0.0.1").pause();
    await once(socket, "connect");
    socket.write(`GET ${path} HTTP/1.1\r\nhost: sluice\r\n\r\n`);
    const next = (): Promise<string> => Promise.race([server.left, setImmediate("waiting")]);
    let state = await next();
    for (; state === "waiting"; state = await next()) server.clock.advance(PATIENCE);

    expect(state).toBe("left");
    socket.destroy();
  },
);

test.for(["/", "/?follow=true"])(
  "whoever asks for %s and reads is not cut, however long it takes",
  async (path) => {
    await using server = await textServer(async function* (clock) {
      for (let i = 0; i < 50; i++) {
        clock.advance(PATIENCE);
        yield PIECE;
      }
    });

    const text = await (await fetch(`http://127.0.0.1:${server.port}${path}`)).text();

    expect(text.match(/x\n/g)).toHaveLength(50);
  },
);
