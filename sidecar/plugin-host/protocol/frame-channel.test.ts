import { once } from "node:events";
import { createServer, connect, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";

import { FrameChannel } from "./frame-channel.ts";
import { FROM_HOST_KINDS, TO_HOST_KINDS, type FromHost, type ToHost } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("what is sent in one turn leaves in one write and arrives in order", async () => {
  await using pair = await socketPair();
  const arrived: FromHost[] = [];
  const { promise: last, resolve } = Promise.withResolvers<void>();
  let reads = 0;
  pair.right.on("data", () => reads++);
  using left = new FrameChannel<ToHost, FromHost>(pair.left, TO_HOST_KINDS, silent);
  using _right = new FrameChannel<FromHost, ToHost>(pair.right, FROM_HOST_KINDS, {
    frame: (frame) => {
      arrived.push(frame);
      if (arrived.length === 100) resolve();
    },
    closed: () => {},
  });

  for (let id = 0; id < 100; id++) left.send({ kind: "ran", id, results: [] });
  await last;

  expect(arrived.map((frame) => frame.kind === "ran" && frame.id)).toEqual([...Array(100).keys()]);
  expect(reads).toBe(1);
});

test("what is sent in turns that follow one another leaves in one write", async () => {
  vi.spyOn(performance, "now").mockReturnValue(0);
  await using pair = await socketPair();
  const { promise: last, resolve } = Promise.withResolvers<void>();
  const reads: number[] = [];
  pair.right.on("data", (bytes) => reads.push(bytes.length));
  using left = new FrameChannel<ToHost, FromHost>(pair.left, TO_HOST_KINDS, silent);
  using _right = new FrameChannel<FromHost, ToHost>(pair.right, FROM_HOST_KINDS, {
    frame: (frame) => frame.kind === "ran" && frame.id === 2 && resolve(),
    closed: () => {},
  });

  left.send({ kind: "ran", id: 1, results: [] });
  setImmediate(() => left.send({ kind: "ran", id: 2, results: [] }));
  await last;

  expect(reads).toHaveLength(1);
});

test("what is sent leaves although every turn brings more", async () => {
  await using pair = await socketPair();
  const { promise: first, resolve } = Promise.withResolvers<FromHost>();
  using left = new FrameChannel<ToHost, FromHost>(pair.left, TO_HOST_KINDS, silent);
  using _right = new FrameChannel<FromHost, ToHost>(pair.right, FROM_HOST_KINDS, {
    frame: resolve,
    closed: () => {},
  });
  let arrived = false;
  const sendInEachTurn = (): void => {
    left.send({ kind: "pong", sequence: 1 });
    if (!arrived) setImmediate(sendInEachTurn);
  };

  sendInEachTurn();
  const frame = await first;
  arrived = true;

  expect(frame.kind).toBe("pong");
});

test("answers given while a read is handled leave at its end", async () => {
  await using pair = await socketPair();
  const { promise, resolve } = Promise.withResolvers<number>();
  const host: FrameChannel<ToHost, FromHost> = new FrameChannel(pair.left, TO_HOST_KINDS, {
    frame: (frame) => {
      if (frame.kind === "ping") host.send({ kind: "pong", sequence: frame.sequence });
    },
    closed: () => {},
  });
  using sidecar = new FrameChannel<FromHost, ToHost>(pair.right, FROM_HOST_KINDS, {
    frame: (frame) => resolve(frame.kind === "pong" ? frame.sequence : -1),
    closed: () => {},
  });

  sidecar.send({ kind: "ping", sequence: 5, timers: "due" });

  expect(await promise).toBe(5);
  host[Symbol.dispose]();
});

test("bytes that are no frame, and frames of the wrong direction, close the link with a typed error", async () => {
  for (const bytes of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.from([2, 0, 0, 0, 0x4a, 0])]) {
    await using pair = await socketPair();
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    using _channel = new FrameChannel<FromHost, ToHost>(pair.right, FROM_HOST_KINDS, {
      frame: () => {},
      closed: resolve,
    });

    pair.left.write(bytes);

    expect(await promise).toBeInstanceOf(ProtocolError);
  }
});

test("the end of the other side is told once, without an error", async () => {
  await using pair = await socketPair();
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  using channel = new FrameChannel<FromHost, ToHost>(pair.right, FROM_HOST_KINDS, {
    frame: () => {},
    closed: resolve,
  });

  pair.left.destroy();

  expect(await promise).toBeUndefined();
  expect(() => channel.send({ kind: "ping", sequence: 1, timers: "due" })).not.toThrow();
});

const silent = { frame: () => {}, closed: () => {} };

async function socketPair(): Promise<AsyncDisposable & { readonly left: Socket; readonly right: Socket }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const left = connect((server.address() as { port: number }).port, "127.0.0.1");
  const [right] = (await once(server, "connection")) as [Socket];
  return {
    left,
    right,
    [Symbol.asyncDispose]: async () => {
      left.destroy();
      right.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
