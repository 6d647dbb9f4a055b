import { once } from "node:events";
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { ManualClock } from "../../../core/manual-clock.ts";
import {
  data,
  FLAG,
  FRAME,
  headers,
  ping,
  resetStream as resetFrame,
  type Field,
} from "../../../test/support/http2-frames.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";
import { Http2App, Http2Client, Http2Front, Http2Join } from "../../../test/support/http2-fixture.ts";
import { collect, exchange, requestTo } from "../../../test/support/http2-request.ts";
import type { BodySink, BodySource, ServerExchange } from "../exchange.ts";
import { resetStream } from "./reset-stream.ts";
import type { WireError } from "../wire-error.ts";

const MIB = 1024 * 1024;
const POST: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];

/** Counts what an app gets, and answers with the count. */
function counting(stream: ServerHttp2Stream): void {
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => (bytes += chunk.length));
  stream.on("end", () => {
    stream.respond({ ":status": 200 });
    stream.end(String(bytes));
  });
}

/** Sends `total` bytes as fast as the stream takes them. */
function pour(
  stream: { write(bytes: Buffer): boolean; end(): void; once(name: "drain", go: () => void): void },
  total: number,
): () => number {
  const chunk = Buffer.alloc(64 * 1024);
  let sent = 0;
  const go = (): void => {
    while (sent < total) {
      sent += chunk.length;
      if (!stream.write(chunk)) return stream.once("drain", go);
    }
    stream.end();
  };
  go();
  return () => sent;
}

test("32 MiB go up and come down whole", async () => {
  await using app = await Http2App.start((stream, headers) => {
    if (headers[":method"] === "POST") return counting(stream);
    stream.respond({ ":status": 200 });
    pour(stream, 32 * MIB);
  });
  await using join = await Http2Join.start(app.port);
  await using client = new Http2Client(join.port);
  const upload = client.session.request(requestTo("/up", "POST"));
  pour(upload, 32 * MIB);

  const [up, down] = await Promise.all([
    collect(upload),
    exchange(client.session, { flat: requestTo("/down") }),
  ]);

  expect(up.body.toString()).toBe(String(32 * MIB));
  expect(down.body.length).toBe(32 * MIB);
});

test("400 writes of 60 kB at once all arrive", async () => {
  await using app = await Http2App.start(counting, { maxSessionMemory: 1_000 });
  await using join = await Http2Join.start(app.port, { limits: { h2Streams: 400 } });
  await using client = new Http2Client(join.port);
  await once(client.session, "remoteSettings");
  const body = Buffer.alloc(60_000);

  const answers = await Promise.all(
    Array.from(
      { length: 400 },
      async () => await exchange(client.session, { flat: requestTo("/", "POST"), body }),
    ),
  );

  expect(answers.map((answer) => answer.body.toString())).toEqual(Array.from({ length: 400 }, () => "60000"));
});

test("an app that pours is stopped by a client that does not read, and goes on when it does", async () => {
  const stopped = Promise.withResolvers<() => number>();
  await using app = await Http2App.start((stream) => {
    stream.respond({ ":status": 200 });
    const sent = pour(stream, 64 * MIB);
    // Nothing has moved for a while: every buffer on the way is full.
    let before = -1;
    const look = (): void => {
      if (sent() === before) return stopped.resolve(sent);
      before = sent();
      setTimeout(look, 200);
    };
    look();
  });
  await using join = await Http2Join.start(app.port);
  await using client = new Http2Client(join.port);
  const stream = client.session.request(requestTo("/"));
  await once(stream, "response");

  const sent = await stopped.promise;

  expect(sent()).toBeLessThan(MIB);
  let received = 0;
  for await (const chunk of stream) received += (chunk as Buffer).length;
  expect(received).toBe(64 * MIB);
});

test("a client that pours is stopped by a sink that takes nothing", async () => {
  const begun = Promise.withResolvers<BodySource>();
  const chunks: Buffer[] = [];
  await using front = await Http2Front.start((exchange) => {
    const sink: BodySink = {
      chunk: (bytes) => {
        chunks.push(bytes);
        return false;
      },
      end: () => exchange.respond({ status: 200, headers: HeaderBlock.empty }, undefined),
      fail: () => {},
    };
    exchange.body.start(sink);
    begun.resolve(exchange.body);
  });
  await using client = new Http2Client(front.port);
  const upload = client.session.request(requestTo("/", "POST"));
  const sent = pour(upload, MIB);
  const answer = collect(upload);
  const body = await begun.promise;

  // One window for the stream and one buffer at the client: no more may have left.
  await new Promise((resolve) => client.session.ping(resolve));
  expect(sent()).toBeLessThan(256 * 1024);

  const pulling = setInterval(() => body.resume(), 1);
  expect((await answer).status).toBe(200);
  clearInterval(pulling);
  expect(Buffer.concat(chunks).length).toBe(MIB);
});

test("a client that resets its stream aborts the exchange and reaches the app", async () => {
  const aborted = Promise.withResolvers<number>();
  await using app = await Http2App.start((stream) => {
    stream.respond({ ":status": 200 });
    stream.write("first");
    stream.on("close", () => aborted.resolve(stream.rstCode ?? -1));
  });
  await using join = await Http2Join.start(app.port);
  await using client = new Http2Client(join.port);
  const stream = client.session.request(requestTo("/"));
  stream.on("error", () => {});
  await once(stream, "data");

  stream.close(constants.NGHTTP2_CANCEL);

  expect(await aborted.promise).toBe(constants.NGHTTP2_CANCEL);
});

test("a client whose connection is lost aborts the exchange and reaches the app", async () => {
  const aborted = Promise.withResolvers<number>();
  await using app = await Http2App.start((stream) => {
    stream.on("close", () => aborted.resolve(stream.rstCode ?? -1));
  });
  await using join = await Http2Join.start(app.port);
  const client = new Http2Client(join.port);
  client.session.request(requestTo("/")).on("error", () => {});
  await once(app.server, "stream");

  await client[Symbol.asyncDispose]();

  expect(await aborted.promise).toBe(constants.NGHTTP2_CANCEL);
  await join.front.until(() => join.front.sessions.size === 0);
  expect(join.front.inFlight.count).toBe(0);
});

test.each([
  ["NO_ERROR", (stream: ServerHttp2Stream) => void stream.destroy()],
  ["CANCEL", (stream: ServerHttp2Stream) => resetStream(stream, constants.NGHTTP2_CANCEL)],
  ["INTERNAL_ERROR", (stream: ServerHttp2Stream) => void stream.destroy(new Error("broken"))],
])("an answer that the app resets half-way with %s is never made to look whole", async (_name, reset) => {
  const streams: ServerHttp2Stream[] = [];
  await using app = await Http2App.start((stream) => {
    streams.push(stream);
    stream.respond({ ":status": 200 });
    stream.write("half");
  });
  await using join = await Http2Join.start(app.port);
  await using client = new Http2Client(join.port);
  const stream = client.session.request(requestTo("/"));
  const answer = collect(stream);
  await once(stream, "data");

  streams.forEach(reset);

  expect((await answer).code).not.toBe(constants.NGHTTP2_NO_ERROR);
});

test("a request that is cut half-way never looks whole to the app", async () => {
  const ended = Promise.withResolvers<string>();
  await using app = await Http2App.start((stream) => {
    stream.resume();
    stream.on("end", () => stream.aborted || ended.resolve("whole"));
    stream.on("close", () => ended.resolve(`reset with ${stream.rstCode}`));
  });
  await using join = await Http2Join.start(app.port);
  await using client = new Http2Client(join.port);
  const fields = ["content-length", "1000"];
  const upload = client.session.request(requestTo("/", "POST", fields));
  upload.on("error", () => {});
  upload.write("half");
  await once(app.server, "stream");

  upload.destroy(new Error("changed my mind"));

  expect(await ended.promise).toBe(`reset with ${constants.NGHTTP2_CANCEL}`);
});

test.each([
  ["closed", (session: ServerHttp2Session | undefined) => session?.destroy()],
  [
    "ended by GOAWAY",
    (session: ServerHttp2Session | undefined) =>
      session?.destroy(new Error("broken"), constants.NGHTTP2_INTERNAL_ERROR),
  ],
])("an answer whose app's connection is %s half-way is never made to look whole", async (_how, end) => {
  await using app = await Http2App.start((stream) => {
    stream.respond({ ":status": 200 });
    stream.write("half");
  });
  await using join = await Http2Join.start(app.port);
  await using client = new Http2Client(join.port);
  const stream = client.session.request(requestTo("/"));
  const answer = collect(stream);
  await once(stream, "data");

  end([...app.sessions][0]);

  expect((await answer).code).not.toBe(constants.NGHTTP2_NO_ERROR);
});

test("an app that answers early ends the exchange although the client is still sending", async () => {
  await using app = await Http2App.start((stream) => {
    stream.respond({ ":status": 413 });
    stream.end("too much");
  });
  await using join = await Http2Join.start(app.port);
  await using client = new Http2Client(join.port);
  const upload = client.session.request(requestTo("/", "POST"));
  upload.write(Buffer.alloc(1_000));

  const answer = await collect(upload);

  expect(answer.status).toBe(413);
  expect(answer.body.toString()).toBe("too much");
  expect(answer.code).toBe(constants.NGHTTP2_NO_ERROR);
});

test("an answer given before the request was read is complete, and the watcher is told", async () => {
  const finished = Promise.withResolvers<void>();
  await using front = await Http2Front.start((exchange) => {
    exchange.watcher = { finished: () => finished.resolve(), aborted: (reason) => finished.reject(reason) };
    exchange.respond({ status: 401, headers: HeaderBlock.empty }, Buffer.from("no"));
  });
  await using client = new Http2Client(front.port);
  const upload = client.session.request(requestTo("/", "POST"));
  pour(upload, MIB);

  const answer = await collect(upload);
  await finished.promise;

  expect([answer.status, answer.body.toString(), answer.code]).toEqual([401, "no", 0]);
  expect(front.inFlight.count).toBe(0);
});

test("a handler that aborts resets the stream", async () => {
  await using front = await Http2Front.start((exchange: ServerExchange) => {
    exchange.watcher = { aborted: () => expect.unreachable("the handler knows") };
    exchange.abort({ code: "upstream_reset" } as WireError);
  });
  await using client = new Http2Client(front.port);

  const answer = await exchange(client.session, { flat: requestTo("/") });

  expect(answer.code).toBe(constants.NGHTTP2_INTERNAL_ERROR);
});

test("an answer that HTTP/2 cannot carry resets the stream and tells the handler", async () => {
  const aborted = Promise.withResolvers<WireError>();
  await using front = await Http2Front.start((exchange) => {
    exchange.watcher = { aborted: aborted.resolve };
    exchange.respond({ status: 700, headers: HeaderBlock.empty }, undefined);
  });
  await using client = new Http2Client(front.port);

  const answer = await exchange(client.session, { flat: requestTo("/") });

  expect(answer.code).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  expect((await aborted.promise).code).toBe("upstream_invalid");
});

test("a client that resets with NO_ERROR while nobody reads its request leaves nothing behind", async () => {
  const clock = new ManualClock();
  const begun = Promise.withResolvers<BodySource>();
  await using front = await Http2Front.start(
    (exchange) => {
      exchange.body.start({ chunk: () => false, end: () => {}, fail: () => {} });
      exchange.respond({ status: 200, headers: HeaderBlock.empty }, Buffer.alloc(200_000));
      begun.resolve(exchange.body);
    },
    { clock },
  );
  await using peer = await Http2Peer.connect(front.port);
  const part = Buffer.alloc(16_000);
  peer.begin(headers(1, POST, FLAG.endHeaders), data(1, part), data(1, part), data(1, part));
  await begun.promise;
  await peer.frame(({ type }) => type === FRAME.data);

  peer.send(resetFrame(1, constants.NGHTTP2_NO_ERROR), ping());
  await peer.frame(({ type, flags }) => type === FRAME.ping && flags === FLAG.ack);
  clock.advance(2_000);
  await new Promise((resolve) => setImmediate(resolve));

  expect(front.inFlight.count).toBe(0);
});
