import { constants } from "node:http2";
import { expect, test } from "vitest";

import { data, FLAG, FRAME, headers, resetStream, type Field } from "../../../test/support/http2-frames.ts";
import { Http2Front } from "../../../test/support/http2-fixture.ts";
import { Http2Peer } from "../../../test/support/http2-peer.ts";
import type { ServerExchange } from "../exchange.ts";
import type { WireError } from "../wire-error.ts";
import { HeaderBlock } from "../../../core/headers/header-block.ts";

const END = FLAG.endHeaders | FLAG.endStream;
const OK = { status: 200, headers: HeaderBlock.empty };

const REQUEST: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "app.test"],
  [":path", "/"],
];

function without(name: string): Field[] {
  return REQUEST.filter(([key]) => key !== name);
}

function replaced(name: string, value: string): Field[] {
  return REQUEST.map(([key, old]) => [key, key === name ? value : old]);
}

/** A front that answers 200 and remembers what reached its handler. */
async function startRecorder(): Promise<{ front: Http2Front; seen: ServerExchange[] } & AsyncDisposable> {
  const seen: ServerExchange[] = [];
  const front = await Http2Front.start((exchange) => {
    seen.push(exchange);
    exchange.respond(OK, undefined);
  });
  return { front, seen, [Symbol.asyncDispose]: async () => await front[Symbol.asyncDispose]() };
}

const REFUSED: readonly (readonly [what: string, fields: readonly Field[]])[] = [
  ["an upper-case name", [...REQUEST, ["X-Upper", "1"]]],
  ["connection", [...REQUEST, ["connection", "close"]]],
  ["keep-alive", [...REQUEST, ["keep-alive", "timeout=5"]]],
  ["proxy-connection", [...REQUEST, ["proxy-connection", "keep-alive"]]],
  ["transfer-encoding", [...REQUEST, ["transfer-encoding", "chunked"]]],
  ["upgrade", [...REQUEST, ["upgrade", "websocket"]]],
  ["te other than trailers", [...REQUEST, ["te", "gzip"]]],
  ["te with more than trailers", [...REQUEST, ["te", "trailers, gzip"]]],
  ["no :method", without(":method")],
  ["no :scheme", without(":scheme")],
  ["no :path", without(":path")],
  ["neither :authority nor Host", without(":authority")],
  ["two :method", [[":method", "GET"], ...REQUEST]],
  ["two :path", [[":path", "/other"], ...REQUEST]],
  ["two :authority", [[":authority", "other.test"], ...REQUEST]],
  ["an unknown pseudo-header", [...REQUEST, [":unknown", "1"]]],
  [":status in a request", [...REQUEST, [":status", "200"]]],
  [":protocol, which was not announced", [...replaced(":method", "CONNECT"), [":protocol", "websocket"]]],
  ["a pseudo-header behind a field", [...without(":path"), ["a", "1"], [":path", "/"]]],
  ["an empty :path", replaced(":path", "")],
  ["a :path without a slash", replaced(":path", "path")],
  ["an absolute :path", replaced(":path", "http://other.test/")],
  ["a star with GET", replaced(":path", "*")],
  ["a fragment in :path", replaced(":path", "/#part")],
  ["a space in :path", replaced(":path", "/a b")],
  ["CRLF in :path", replaced(":path", "/ HTTP/1.1\r\nhost: other.test")],
  ["NUL in :path", replaced(":path", "/\0")],
  ["bytes above ASCII in :path", replaced(":path", "/\xe9")],
  ["a :scheme of its own", replaced(":scheme", "gopher")],
  ["user info in :authority", replaced(":authority", "user@app.test")],
  ["a path in :authority", replaced(":authority", "app.test/x")],
  ["a list in :authority", replaced(":authority", "a.test,b.test")],
  ["an empty :authority", replaced(":authority", "")],
  ["a port that is none", replaced(":authority", "app.test:99999")],
  ["a Host that is not :authority", [...REQUEST, ["host", "other.test"]]],
  ["two Hosts", [...without(":authority"), ["host", "a.test"], ["host", "a.test"]]],
  ["a method that is no token", replaced(":method", "GET /x HTTP/1.1\r\n")],
  ["an empty method", replaced(":method", "")],
  [
    "CONNECT without a port",
    [
      [":method", "CONNECT"],
      [":authority", "app.test"],
    ],
  ],
  ["CONNECT with a :path", [...replaced(":method", "CONNECT")]],
  ["content-length that is no number", [...REQUEST, ["content-length", "+1"]]],
  ["two content-lengths", [...REQUEST, ["content-length", "0"], ["content-length", "0"]]],
  ["content-length without a body", [...REQUEST, ["content-length", "5"]]],
  ["PRI for a method", replaced(":method", "PRI")],
  ["a method of 33 bytes", replaced(":method", "A".repeat(33))],
];

test.each(REFUSED)("%s resets the stream and never reaches the handler", async (_what, fields) => {
  await using recorder = await startRecorder();
  await using peer = await Http2Peer.connect(recorder.front.port);

  peer.begin(headers(1, fields, END));

  expect(await peer.reset(1)).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
  expect(recorder.seen).toEqual([]);
});

test.each<readonly Field[]>([[], [["content-length", "4"]]])(
  "TRACE with a body, stated as %s, resets the stream",
  async (...stated) => {
    await using recorder = await startRecorder();
    await using peer = await Http2Peer.connect(recorder.front.port);

    peer.begin(
      headers(1, [...replaced(":method", "TRACE"), ...stated], FLAG.endHeaders),
      data(1, "GET ", FLAG.endStream),
    );

    expect(await peer.reset(1)).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    expect(recorder.seen).toEqual([]);
  },
);

test("a connection goes on after a malformed request", async () => {
  await using recorder = await startRecorder();
  await using peer = await Http2Peer.connect(recorder.front.port);

  peer.begin(headers(1, replaced(":path", "nowhere"), END), headers(3, REQUEST, END));

  await peer.frame(({ type, stream }) => type === FRAME.headers && stream === 3);
  expect(recorder.seen).toHaveLength(1);
});

const DROPPED: readonly (readonly [what: string, name: string, value: string])[] = [
  ["a name with a space", "a b", "1"],
  ["a name with a colon", "a:b", "1"],
  ["an empty name", "", "1"],
  ["a name with a byte above ASCII", "a\xe9", "1"],
  ["CRLF in a value", "a", "1\r\nx: 2"],
  ["a bare LF in a value", "a", "1\nx: 2"],
  ["NUL in a value", "a", "1\0"],
  ["a value with white space around it", "a", " 1 "],
];

test.each(DROPPED)("a field with %s never reaches the handler", async (_what, name, value) => {
  await using recorder = await startRecorder();
  await using peer = await Http2Peer.connect(recorder.front.port);

  peer.begin(headers(1, [...REQUEST, ["kept", "1"], [name, value]], END));

  await peer.frame(
    ({ type, stream }) => stream === 1 && (type === FRAME.headers || type === FRAME.resetStream),
  );
  for (const { head } of recorder.seen) expect(head.headers.toFlat()).toEqual(["kept", "1"]);
});

test.each(["9007199254740993", "9223372036854775807"])(
  "a content-length of %s, which no number holds, resets the stream",
  async (length) => {
    await using recorder = await startRecorder();
    await using peer = await Http2Peer.connect(recorder.front.port);

    peer.begin(headers(1, [...REQUEST, ["content-length", length]], FLAG.endHeaders));

    expect(await peer.reset(1)).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    expect(recorder.seen).toEqual([]);
  },
);

test.each([
  ["one that nobody can meet", ["200-ok"]],
  ["two", ["100-continue", "100-continue"]],
])("an expectation is answered 417 where there is %s", async (_what, values) => {
  await using recorder = await startRecorder();
  await using peer = await Http2Peer.connect(recorder.front.port);
  const expectations = values.map((value): Field => ["expect", value]);

  peer.begin(headers(1, [...REQUEST, ...expectations], FLAG.endHeaders));

  const answer = await peer.frame(({ type, stream }) => type === FRAME.headers && stream === 1);
  expect(answer.payload.subarray(0, 5).toString("latin1")).toBe("\x48\x03417");
  expect(recorder.seen).toEqual([]);
});

test("a request that has ended expects nothing, whatever it says", async () => {
  await using recorder = await startRecorder();
  await using peer = await Http2Peer.connect(recorder.front.port);

  peer.begin(headers(1, [...REQUEST, ["expect", "100-continue"]], END));

  await peer.frame(({ type, stream }) => type === FRAME.headers && stream === 1);
  expect(recorder.seen[0]?.head.expectsContinue).toBe(false);
});

const LYING: readonly (readonly [what: string, length: string, body: readonly Buffer[]])[] = [
  ["more than it announced", "3", [data(1, "four", FLAG.endStream)]],
  ["less than it announced", "5", [data(1, "four", FLAG.endStream)]],
  ["more in its second frame", "5", [data(1, "four"), data(1, "four", FLAG.endStream)]],
];

test.each(LYING)("a body that has %s is broken off, never ended", async (_what, length, body) => {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  await using front = await Http2Front.start((exchange) => {
    const fail = (error: WireError) => ended.resolve(error.code);
    exchange.body.start({ chunk: () => true, end: () => ended.resolve("end"), fail });
    begun.resolve();
  });
  await using peer = await Http2Peer.connect(front.port);

  peer.begin(headers(1, [...REQUEST, ["content-length", length]], FLAG.endHeaders));
  await begun.promise;
  peer.send(...body);

  // nghttp2 ends the stream for too few bytes, the whole connection for too many.
  expect(["bad_request", "client_gone"]).toContain(await ended.promise);
});

test.each(LYING)("a body that has %s in one read with its head harms nobody", async (_what, length, body) => {
  const heard: string[] = [];
  await using front = await Http2Front.start((exchange) => {
    exchange.body.start({ chunk: () => true, end: () => heard.push("end"), fail: () => {} });
  });
  await using peer = await Http2Peer.connect(front.port);

  peer.begin(headers(1, [...REQUEST, ["content-length", length]], FLAG.endHeaders), ...body);

  await peer.frame(({ type }) => type === FRAME.resetStream || type === FRAME.goaway);
  expect(heard).toEqual([]);
});

test("a request that is reset in mid-body breaks off even with NO_ERROR", async () => {
  const heard = Promise.withResolvers<string>();
  await using front = await Http2Front.start((exchange) => {
    exchange.body.start({
      chunk: () => true,
      end: () => heard.resolve("end"),
      fail: (error) => heard.resolve(error.code),
    });
  });
  await using peer = await Http2Peer.connect(front.port);

  peer.begin(
    headers(1, REQUEST, FLAG.endHeaders),
    data(1, "half"),
    resetStream(1, constants.NGHTTP2_NO_ERROR),
  );

  expect(await heard.promise).toBe("client_gone");
});

test("cookie crumbs are one field, in the place of the first", async () => {
  await using recorder = await startRecorder();
  await using peer = await Http2Peer.connect(recorder.front.port);

  peer.begin(headers(1, [...REQUEST, ["cookie", "a=1"], ["x", "y"], ["cookie", "b=2"]], END));

  await peer.frame(({ type }) => type === FRAME.headers);
  expect(recorder.seen[0]?.head.headers.toFlat()).toEqual(["cookie", "a=1; b=2", "x", "y"]);
});

test("a Host without :authority names the authority", async () => {
  await using recorder = await startRecorder();
  await using peer = await Http2Peer.connect(recorder.front.port);

  peer.begin(headers(1, [...without(":authority"), ["host", "app.test:81"]], END));

  await peer.frame(({ type }) => type === FRAME.headers);
  expect(recorder.seen[0]?.head.authority).toBe("app.test:81");
});

test("a target that is too long is answered 414", async () => {
  await using recorder = await startRecorder();
  await using peer = await Http2Peer.connect(recorder.front.port);

  peer.begin(headers(1, replaced(":path", `/${"a".repeat(9000)}`), END));

  const answer = await peer.frame(({ type, stream }) => type === FRAME.headers && stream === 1);
  // HPACK: the name of entry 8 (`:status`), and a literal of three bytes.
  expect(answer.payload.subarray(0, 5).toString("latin1")).toBe("\x48\x03414");
  expect(recorder.seen).toEqual([]);
});
