import { once } from "node:events";
import { constants, type ServerHttp2Stream } from "node:http2";
import { createServer as createHttp1Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";

import { systemClock } from "../../../core/clock.ts";
import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { Http2App } from "../../../test/support/http2-fixture.ts";
import { FLAG, goaway, headers, resetStream, settings } from "../../../test/support/http2-frames.ts";
import { RawHttp2App, type Sending } from "../../../test/support/raw-http2-app.ts";
import { turnUntil } from "../../../test/support/turns.ts";
import type { BodySink, BodySource, ResponseHead, UpstreamListener, UpstreamRequest } from "../exchange.ts";
import { Deadlines } from "../deadlines.ts";
import { DEFAULT_WIRE_LIMITS, type WireLimits } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import { ClientPool } from "./client-pool.ts";

const NO_BODY: BodySource = {
  length: 0,
  start: (sink) => sink.end(undefined),
  resume: () => {},
  cancel: () => {},
};

const GET: UpstreamRequest = {
  method: "GET",
  target: "/",
  authority: "app.test",
  headers: HeaderBlock.empty,
  upgrade: false,
  body: NO_BODY,
};

function poolTo(port: number, limits: Partial<WireLimits> = {}): ClientPool {
  return new ClientPool({
    endpoint: { host: "127.0.0.1", port },
    limits: { ...DEFAULT_WIRE_LIMITS, ...limits },
    deadlines: new Deadlines(systemClock),
  });
}

interface Outcome {
  readonly head: ResponseHead;
  readonly body: BodySource;
}

/** Resolves with the answer's head, rejects with the error. */
async function call(pool: ClientPool, request: UpstreamRequest = GET): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  pool.request(request, {
    informed: () => {},
    responded: (head, body) => resolve({ head, body }),
    failed: reject,
  });
  return await promise;
}

async function codeOf(failing: Promise<unknown>): Promise<string> {
  return await failing.then(
    () => "answered",
    (error: unknown) => (error instanceof WireError ? error.code : String(error)),
  );
}

const OK = (stream: number): Buffer =>
  headers(stream, [[":status", "200"]], FLAG.endHeaders | FLAG.endStream);

test("one session carries what an app takes at a time, and others are opened for the rest", async () => {
  const waiting: ServerHttp2Stream[] = [];
  const arrived = Promise.withResolvers<void>();
  await using app = await Http2App.start(
    (stream) => {
      waiting.push(stream);
      if (waiting.length === 10) arrived.resolve();
    },
    { settings: { maxConcurrentStreams: 4 } },
  );
  await using pool = poolTo(app.port);

  const calls = Array.from({ length: 10 }, async () => await call(pool));
  await arrived.promise;

  expect(app.sessions.size).toBe(3);
  expect(pool.counts).toMatchObject({ sessions: 3, active: 10, waiting: 0 });
  for (const stream of waiting) stream.respond({ ":status": 200 }, { endStream: true });
  expect((await Promise.all(calls)).map(({ head }) => head.status)).toEqual(
    Array.from({ length: 10 }, () => 200),
  );
});

test("requests wait in line where no further session may be opened, and go as places become free", async () => {
  const seen: string[] = [];
  await using app = await Http2App.start(
    (stream, fields) => {
      seen.push(String(fields[":path"]));
      setImmediate(() => stream.respond({ ":status": 200 }, { endStream: true }));
    },
    { settings: { maxConcurrentStreams: 1 } },
  );
  await using pool = poolTo(app.port, { upstreamConnections: 1 });

  const targets = Array.from({ length: 20 }, (_, i) => `/${i}`);
  await Promise.all(targets.map(async (target) => await call(pool, { ...GET, target })));

  expect(seen).toEqual(targets);
  expect(pool.counts.opened).toBe(1);
});

test("a request beyond the line is refused", async () => {
  await using app = await Http2App.start(() => {});
  await using pool = poolTo(app.port, { upstreamWaiting: 1 });
  const first = codeOf(call(pool));

  expect(await codeOf(call(pool))).toBe("pool_full");
  await pool[Symbol.asyncDispose]();
  expect(await first).toBe("draining");
});

test("a request that is cancelled while it waits leaves the line", async () => {
  await using app = await Http2App.start(() => {});
  await using pool = poolTo(app.port);
  const heard: string[] = [];
  const listener: UpstreamListener = {
    informed: () => heard.push("informed"),
    responded: () => heard.push("responded"),
    failed: () => heard.push("failed"),
  };

  pool.request(GET, listener).cancel(new WireError("client_gone", "gone"));

  expect(pool.counts.waiting).toBe(0);
  expect(heard).toEqual([]);
});

test.each([
  ["REFUSED_STREAM", (stream: number) => resetStream(stream, constants.NGHTTP2_REFUSED_STREAM)],
  ["GOAWAY that never saw it", () => goaway(0, constants.NGHTTP2_NO_ERROR)],
  ["GOAWAY with an error that never saw it", () => goaway(0, constants.NGHTTP2_ENHANCE_YOUR_CALM)],
])("a request that was refused by %s is sent again on another session", async (_how, refusal) => {
  await using app = await RawHttp2App.start((connection, stream, send) =>
    connection === 1 ? send(refusal(stream)) : send(OK(stream)),
  );
  await using pool = poolTo(app.port);

  const { head } = await call(pool, { ...GET, method: "POST" });

  expect(head.status).toBe(200);
  expect(pool.counts).toMatchObject({ opened: 2, retried: 1 });
});

test("a request that is refused again fails, and may be retried by others", async () => {
  await using app = await RawHttp2App.start((_connection, stream, send) =>
    send(resetStream(stream, constants.NGHTTP2_REFUSED_STREAM)),
  );
  await using pool = poolTo(app.port);

  const error = await call(pool).catch((error: unknown) => error);

  expect(error).toMatchObject({ code: "upstream_reset", retryable: true });
  expect(pool.counts.retried).toBe(1);
});

test("an app that has enough of one session's calls is asked for others over another session", async () => {
  const { promise: crowded, resolve } = Promise.withResolvers<void>();
  let onFirst = 0;
  await using app = await RawHttp2App.start((connection, stream, send) => {
    if (connection > 1) return send(OK(stream));
    if (++onFirst === 1) return resolve();
    send(resetStream(stream, constants.NGHTTP2_ENHANCE_YOUR_CALM));
  });
  await using pool = poolTo(app.port);
  void call(pool).catch(() => {});
  await crowded;

  const turnedAway = await call(pool);
  const post = await call(pool, { ...GET, method: "POST" });

  expect([turnedAway.head.status, post.head.status]).toEqual([200, 200]);
  expect(onFirst).toBe(2);
});

test("a request that the app may have seen before it went is sent again only if that does no harm", async () => {
  await using app = await RawHttp2App.start((_connection, stream, send) =>
    send(goaway(stream, constants.NGHTTP2_INTERNAL_ERROR)),
  );
  await using pool = poolTo(app.port);

  expect(await codeOf(call(pool, { ...GET, method: "POST" }))).toBe("upstream_reset");
  expect(pool.counts.retried).toBe(0);
  expect(await codeOf(call(pool))).toBe("upstream_reset");
  expect(pool.counts.retried).toBe(1);
});

test("a request whose body has been taken is not sent again", async () => {
  await using app = await RawHttp2App.start((_connection, stream, send) =>
    setImmediate(() => send(resetStream(stream, constants.NGHTTP2_REFUSED_STREAM))),
  );
  await using pool = poolTo(app.port);
  const body: BodySource = {
    length: undefined,
    start: (sink) => void sink.chunk(Buffer.from("taken")),
    resume: () => {},
    cancel: () => {},
  };

  expect(await codeOf(call(pool, { ...GET, method: "PUT", body }))).toBe("upstream_reset");
  expect(pool.counts.retried).toBe(0);
});

// The second one is as much as a stream takes before it wants its source to wait.
test.for([4, 64 * 1024])(
  "a request whose body had not begun is sent again, and then its %i bytes",
  async (size) => {
    const late = "x".repeat(size);
    const bodies: string[] = [];
    let first = true;
    await using app = await Http2App.start((stream) => {
      if (first) {
        first = false;
        stream.close(constants.NGHTTP2_REFUSED_STREAM);
        return;
      }
      let text = "";
      stream.on("data", (bytes: Buffer) => (text += bytes.toString()));
      stream.on("end", () => {
        bodies.push(text);
        stream.respond({ ":status": 200 }, { endStream: true });
      });
    });
    await using pool = poolTo(app.port);
    const sendLate = async (sink: BodySink): Promise<void> => {
      await turnUntil(() => pool.counts.retried > 0);
      sink.chunk(Buffer.from(late));
      sink.end(undefined);
    };
    const body: BodySource = {
      length: undefined,
      start: (sink) => void sendLate(sink),
      resume: () => {},
      cancel: () => {},
    };

    const { head } = await call(pool, { ...GET, method: "POST", body });

    expect(head.status).toBe(200);
    expect(bodies).toEqual([late]);
  },
);

test("calls that were open when the app said goodbye are finished, new ones go to another session", async () => {
  const streams: ServerHttp2Stream[] = [];
  await using app = await Http2App.start((stream) => {
    streams.push(stream);
    if (streams.length > 1) stream.respond({ ":status": 200 }, { endStream: true });
  });
  await using pool = poolTo(app.port);
  const first = call(pool);
  await once(app.server, "stream");
  const leaving = [...app.sessions][0];

  leaving?.close();
  // Answered behind the goodbye: then the pool has heard it.
  await new Promise((resolve) => leaving?.ping(resolve));
  const second = await call(pool);
  streams[0]?.respond({ ":status": 201 }, { endStream: true });

  expect(second.head.status).toBe(200);
  expect((await first).head.status).toBe(201);
  expect(pool.counts.opened).toBe(2);
});

test("calls in line go to another session when theirs says goodbye, though it still has one to finish", async () => {
  const held = Promise.withResolvers<Sending>();
  await using app = await RawHttp2App.start(
    (connection, stream, send) => {
      if (connection === 1) held.resolve(send);
      else send(headers(stream, [[":status", "200"]], FLAG.endHeaders | FLAG.endStream));
    },
    settings([[constants.NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1]]),
  );
  await using pool = poolTo(app.port, { upstreamConnections: 1 });
  const first = call(pool);
  const send = await held.promise;
  const second = call(pool);

  send(goaway(1, constants.NGHTTP2_NO_ERROR));

  expect((await second).head.status).toBe(200);
  send(headers(1, [[":status", "204"]], FLAG.endHeaders | FLAG.endStream));
  expect((await first).head.status).toBe(204);
});

test("a port where nobody listens is upstream_refused", async () => {
  const app = await Http2App.start(() => {});
  const { port } = app;
  await app[Symbol.asyncDispose]();
  await using pool = poolTo(port);

  expect(await codeOf(call(pool))).toBe("upstream_refused");
});

test("a name that is none is upstream_unreachable", async () => {
  await using pool = new ClientPool({
    endpoint: { host: "nowhere.invalid", port: 80 },
    limits: DEFAULT_WIRE_LIMITS,
    deadlines: new Deadlines(systemClock),
  });

  expect(await codeOf(call(pool))).toBe("upstream_unreachable");
});

test("an app that speaks HTTP/1.1 only is upstream_invalid", async () => {
  const app = createHttp1Server();
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
  await using pool = poolTo((app.address() as AddressInfo).port);

  expect(await codeOf(call(pool))).toBe("upstream_invalid");
  app.close();
});

test("an app that closes before it answers is upstream_reset, tried once more", async () => {
  await using app = await Http2App.start((stream) => stream.session?.destroy());
  await using pool = poolTo(app.port);

  expect(await codeOf(call(pool))).toBe("upstream_reset");
  expect(pool.counts.retried).toBe(1);
});

test("an upgrade is refused: HTTP/2 has none", async () => {
  await using app = await Http2App.start(() => {});
  await using pool = poolTo(app.port);

  expect(await codeOf(call(pool, { ...GET, upgrade: true }))).toBe("upstream_invalid");
});

test("Host is left to :authority, and repeated fields stay apart", async () => {
  const seen = Promise.withResolvers<readonly string[]>();
  await using app = await Http2App.start((stream, _fields, _flags, flat) => {
    seen.resolve(flat);
    stream.respond({ ":status": 200 }, { endStream: true });
  });
  await using pool = poolTo(app.port);
  const flat = ["Host", "other.test", "Age", "1", "age", "2", "X-A", "\xe9"];

  await call(pool, { ...GET, headers: HeaderBlock.fromFlat(flat) });

  expect((await seen.promise).slice(8)).toEqual(["age", "1", "age", "2", "x-a", "\xe9"]);
});

test("draining finishes what is under way and resolves when the last session is closed", async () => {
  const streams: ServerHttp2Stream[] = [];
  await using app = await Http2App.start((stream) => void streams.push(stream));
  await using pool = poolTo(app.port);
  const answer = call(pool);
  await once(app.server, "stream");

  const drained = pool.drain(10_000);
  expect(await codeOf(call(pool))).toBe("draining");
  streams[0]?.respond({ ":status": 200 }, { endStream: true });

  expect((await answer).head.status).toBe(200);
  await drained;
  expect(pool.counts.sessions).toBe(0);
});

test("421, which node takes for news about its origins, is an answer like others", async () => {
  await using app = await Http2App.start((stream) => stream.respond({ ":status": 421 }, { endStream: true }));
  await using pool = poolTo(app.port);

  expect((await call(pool)).head.status).toBe(421);
});
