import { expect, test } from "vitest";

import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import type { HeadRead, ParsedRequest } from "./message.ts";
import { RequestReader } from "./request-reader.ts";

const limits = { ...DEFAULT_WIRE_LIMITS, headBytes: 400, headFields: 5, targetBytes: 40 };

function read(text: string): HeadRead<ParsedRequest> {
  return new RequestReader(limits).read(Buffer.from(text, "latin1"), 0);
}

function parsed(text: string): ParsedRequest {
  const result = read(text);
  if (result.kind !== "head") throw new Error(`${result.kind} instead of a head: ${JSON.stringify(result)}`);
  return result.parsed;
}

function refusal(text: string): string {
  const result = read(text);
  return result.kind === "refused" ? result.error.code : result.kind;
}

/** A head with these field lines besides a Host. */
function withLines(...lines: string[]): string {
  return ["POST /a HTTP/1.1", "Host: a.example", ...lines, "", ""].join("\r\n");
}

test("a head is taken apart and the bytes behind it are left alone", () => {
  const text = "GET /a?b=c HTTP/1.1\r\nHost: a.example:81\r\nX-Sp:\t two  words \r\nx-empty:\r\n\r\nbehind";

  const result = read(text);

  expect(result).toMatchObject({ kind: "head", next: text.indexOf("behind") });
  const { head, framing, keepAlive } = parsed(text);
  expect(head).toMatchObject({
    protocol: "http/1.1",
    method: "GET",
    target: "/a?b=c",
    authority: "a.example:81",
  });
  expect(head).toMatchObject({ upgrade: false, expectsContinue: false });
  expect(head.headers.toFlat()).toEqual(["Host", "a.example:81", "X-Sp", "two  words", "x-empty", ""]);
  expect(framing).toEqual({ kind: "none" });
  expect(keepAlive).toBe(true);
});

test("one reader reads head after head, from the middle of a chunk", () => {
  const reader = new RequestReader(limits);
  const first = "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const chunk = Buffer.from(`xx${first}GET /2 HTTP/1.1\r\nHost: b\r\n\r\n`);

  const one = reader.read(chunk, 2);
  const two = reader.read(chunk, 2 + first.length);

  expect(one).toMatchObject({ parsed: { head: { target: "/1", authority: "a" }, keepAlive: false } });
  expect(two).toMatchObject({
    parsed: { head: { target: "/2", authority: "b" }, keepAlive: true },
    next: chunk.length,
  });
  expect(reader.started).toBe(false);
});

test("a reader that has read part of a head says so, and one that has read nothing does not", () => {
  const reader = new RequestReader(limits);

  expect(reader.read(Buffer.from("x"), 1)).toEqual({ kind: "more" });
  expect(reader.started).toBe(false);
  expect(reader.read(Buffer.from("G"), 0)).toEqual({ kind: "more" });
  expect(reader.started).toBe(true);
});

test("bytes over 0x7f in a value are kept one for one", () => {
  expect(parsed(withLines("x-a: caf\u00e9\u0080\u00ff")).head.headers.get("x-a")).toBe(
    "caf\u00e9\u0080\u00ff",
  );
});

test.each([
  ["§2.2 a blank line before the request line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§2.2 a bare line feed", "GET / HTTP/1.1\nHost: a\n\n"],
  ["§2.2 a bare line feed at the end of a field", "GET / HTTP/1.1\r\nHost: a\nx: y\r\n\r\n"],
  ["§2.2 a bare carriage return", "GET / HTTP/1.1\rHost: a\r\n\r\n"],
  ["§2.2 a carriage return within a value", withLines("x: a\rb")],
  ["§2.2 a bare line feed at the end of the head", "GET / HTTP/1.1\r\nHost: a\r\n\n"],
  ["§2.2 white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"],
  ["§2.3 HTTP/0.9", "GET /\r\n\r\n"],
  ["§2.3 a version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n"],
  ["§2.3 a version of two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"],
  ["§2.3 a version cut short", "GET / HTTP/1\r\nHost: a\r\n\r\n"],
  ["§3 two spaces behind the method", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3 two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3 a tab behind the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3 a space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"],
  ["§3.1 no method", " / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.1 a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["RFC 9113 §11.6 PRI, which is no method", "PRI / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.1 a method of 33 bytes", `${"M".repeat(33)} / HTTP/1.1\r\nHost: a\r\n\r\n`],
  ["§3.2 a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.2 a control character", "GET /\u0001 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.2 a byte over 0x7f", "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.2 a target that is no path", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.2 no Host", "GET / HTTP/1.1\r\nx: y\r\n\r\n"],
  ["§3.2 two Hosts", withLines("host: a.example")],
  ["§3.2 an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"],
  ["§3.2 a Host with user info", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"],
  ["§3.2 a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"],
  ["§3.2 two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"],
  ["§3.2.2 another scheme than http", "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.2.2 user info in an absolute target", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.2.2 an absolute target without a host", "GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.2.2 an absolute target and no Host", "GET http://a/ HTTP/1.1\r\n\r\n"],
  ["§3.2.3 CONNECT with a path", "CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.2.3 CONNECT without a port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§3.2.3 CONNECT with a body", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"],
  ["§3.2.4 an asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["§5.1 a space before the colon", withLines("x : y")],
  ["§5.1 no colon", withLines("xy")],
  ["§5.1 an empty name", withLines(": y")],
  ["§5.1 a name with a byte over 0x7f", withLines("\u00e9: y")],
  ["§5.2 a folded field", withLines("x: y", " z")],
  ["§5.2 a field folded with a tab", withLines("x: y", "\tz")],
  ["§5.5 a NUL in a value", withLines("x: a\u0000b")],
  ["§5.5 a DEL in a value", withLines("x: \u007f")],
  ["§6.1 another coding than chunked", withLines("Transfer-Encoding: gzip")],
  ["§6.1 a coding behind chunked", withLines("Transfer-Encoding: chunked, gzip")],
  [
    "§6.1 identity and chunked in two fields",
    withLines("Transfer-Encoding: identity", "Transfer-Encoding: chunked"),
  ],
  ["§6.1 chunked twice in a list", withLines("Transfer-Encoding: chunked, chunked")],
  ["§6.1 chunked twice in two fields", withLines("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")],
  ["§6.1 an empty coding", withLines("Transfer-Encoding:")],
  ["§6.1 an empty element behind chunked", withLines("Transfer-Encoding: chunked,")],
  ["§6.1 chunked in quotes", withLines('Transfer-Encoding: "chunked"')],
  [
    "§6.1 a tab behind chunked, which llhttp reads as another coding",
    withLines("Transfer-Encoding: chunked \t"),
  ],
  ["§6.1 xchunked", withLines("Transfer-Encoding: xchunked")],
  ["§6.1 chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["§6.2 a length and a coding", withLines("Content-Length: 1", "Transfer-Encoding: chunked")],
  ["§6.3 a leading zero in the length", withLines("Content-Length: 01")],
  ["§6.3 a sign in the length", withLines("Content-Length: +1")],
  ["§6.3 a negative length", withLines("Content-Length: -1")],
  ["§6.3 a list of equal lengths", withLines("Content-Length: 1, 1")],
  ["§6.3 two equal lengths", withLines("Content-Length: 1", "Content-Length: 1")],
  ["§6.3 an empty length", withLines("Content-Length:")],
  ["§6.3 a hexadecimal length", withLines("Content-Length: 0x1")],
  ["§6.3 a length that no number holds", withLines("Content-Length: 9007199254740993")],
  ["§6.3 a length of twenty digits", withLines("Content-Length: 18446744073709551617")],
  ["§9.1 a Connection that is no list of tokens", withLines("Connection: a b")],
  ["RFC 9110 §9.3.8 TRACE with a body", withLines("Content-Length: 1").replace("POST", "TRACE")],
  [
    "RFC 9110 §9.3.8 TRACE with a body in chunks",
    withLines("Transfer-Encoding: chunked").replace("POST", "TRACE"),
  ],
])("%s is refused", (_name, text) => {
  expect(refusal(text)).toBe("bad_request");
});

test.each(["gzip, chunked", "identity, chunked", "x, y, chunked"])(
  "§6.1 what %s comes to is not known here, though where it ends is",
  (coding) => {
    expect(refusal(withLines(`Transfer-Encoding: ${coding}`))).toBe("unknown_coding");
  },
);

test.each(["200-ok", "", "100-continue, x", "100-continue;a=b", "y 100-continue"])(
  "RFC 9110 §10.1.1 the expectation %j cannot be met",
  (expectation) => {
    expect(refusal(withLines(`Expect: ${expectation}`))).toBe("expectation_failed");
  },
);

test.each(["0.9", "1.2", "1.9", "2.0", "3.0"])(
  "version %s is one that this engine does not speak",
  (version) => {
    expect(refusal(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`)).toBe("unsupported_version");
  },
);

test.each([
  ["/", '/a|b{c}"<>?\\^`[]'],
  ["*", "*"],
])("a target of visible characters goes on as it is: %s", (_name, target) => {
  expect(parsed(`OPTIONS ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).head.target).toBe(target);
});

test.each([
  ["http://b:81/c?d", "/c?d", "b:81"],
  ["HTTP://b", "/", "b"],
  ["http://b?c", "/?c", "b"],
])(
  "§3.2.2 %s is taken apart, and its authority replaces Host wherever it is seen",
  (absolute, target, authority) => {
    const { head } = parsed(`GET ${absolute} HTTP/1.1\r\nx: y\r\nHOST: a\r\n\r\n`);

    expect(head).toMatchObject({ target, authority });
    expect(head.headers.toFlat()).toEqual(["x", "y", "HOST", authority]);
  },
);

test("§3.2.4 OPTIONS for a whole server may come in absolute form", () => {
  expect(parsed("OPTIONS http://b HTTP/1.1\r\nHost: b\r\n\r\n").head).toMatchObject({
    target: "*",
    authority: "b",
  });
});

test("§3.2.3 CONNECT names where to, has no target and no body", () => {
  const { head, framing } = parsed("CONNECT b:443 HTTP/1.1\r\nHost: b\r\nContent-Length: 0\r\n\r\n");

  expect(head).toMatchObject({ method: "CONNECT", target: "", authority: "b:443" });
  expect(framing).toEqual({ kind: "none" });
});

test("§3.2 an HTTP/1.0 request may come without Host, and its connection ends with it", () => {
  const { head, keepAlive } = parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

  expect(head).toMatchObject({ protocol: "http/1.0", authority: "" });
  expect(keepAlive).toBe(false);
});

test.each([
  ["Content-Length: 0", { kind: "none" }],
  ["content-length: 9007199254740991", { kind: "length", length: 9007199254740991 }],
  ["Transfer-Encoding: chunked", { kind: "chunked" }],
  ["transfer-encoding:\tCHUNKED  ", { kind: "chunked" }],
  ["x: y", { kind: "none" }],
])("§6.3 %s frames the body", (line, framing) => {
  expect(parsed(withLines(line)).framing).toEqual(framing);
});

test.each([
  [["Connection: close"], false],
  [["Connection: keep-alive, CLOSE"], false],
  [["Connection: x", "connection: close"], false],
  [["Connection: keep-alive"], true],
  [["Connection: ,, x ,"], true],
  [["Connection:"], true],
])("§9.3 after %j the connection lives on: %s", (lines, keepAlive) => {
  expect(parsed(withLines(...lines)).keepAlive).toBe(keepAlive);
});

test("RFC 9110 §10.1.1 100-continue is asked for where a body follows", () => {
  expect(parsed(withLines("Expect: 100-Continue", "Content-Length: 5")).head.expectsContinue).toBe(true);
  expect(parsed(withLines("Expect: 100-continue", "Transfer-Encoding: chunked")).head.expectsContinue).toBe(
    true,
  );
  expect(parsed(withLines("Expect: 100-continue", "Content-Length: 0")).head.expectsContinue).toBe(false);
  expect(parsed(withLines("Expect: 100-continue")).head.expectsContinue).toBe(false);
});

test.each([
  ["a plain one", "GET", "1.1", ["Connection: Upgrade", "Upgrade: websocket"], true],
  [
    "one option of several",
    "GET",
    "1.1",
    ["Connection: keep-alive, Upgrade", "Upgrade: h2c, WebSocket"],
    true,
  ],
  [
    "one option of several with versions",
    "GET",
    "1.1",
    ["Connection: Upgrade", "Upgrade: TLS/1.0, websocket"],
    true,
  ],
  ["without a body", "GET", "1.1", ["Connection: Upgrade", "Upgrade: websocket", "Content-Length: 0"], true],
  ["to a version of it", "GET", "1.1", ["Connection: Upgrade", "Upgrade: websocket/13"], false],
  ["without Connection", "GET", "1.1", ["Upgrade: websocket"], false],
  ["without Upgrade", "GET", "1.1", ["Connection: Upgrade"], false],
  ["to h2c", "GET", "1.1", ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"], false],
  ["in HTTP/1.0", "GET", "1.0", ["Connection: Upgrade", "Upgrade: websocket"], false],
  ["with another method", "POST", "1.1", ["Connection: Upgrade", "Upgrade: websocket"], false],
  ["with a body", "GET", "1.1", ["Connection: Upgrade", "Upgrade: websocket", "Content-Length: 1"], false],
])("RFC 9110 §7.8 an upgrade, %s", (_name, method, version, lines, upgrade) => {
  const text = [`${method} / HTTP/${version}`, "Host: a", ...lines, "", ""].join("\r\n");

  expect(parsed(text).head.upgrade).toBe(upgrade);
});

test("limits are exact, and what is one over is told apart", () => {
  const target = `/${"a".repeat(39)}`;
  expect(parsed(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).head.target).toBe(target);
  expect(refusal(`GET ${target}a HTTP/1.1\r\nHost: a\r\n\r\n`)).toBe("target_too_long");

  expect(parsed(withLines("1: a", "2: a", "3: a", "4: a")).head.headers.size).toBe(5);
  expect(refusal(withLines("1: a", "2: a", "3: a", "4: a", "5: a"))).toBe("header_too_large");

  const room = 400 - withLines("x: ").length;
  expect(parsed(withLines(`x: ${"y".repeat(room)}`)).head.headers.size).toBe(2);
  expect(refusal(withLines(`x: ${"y".repeat(room + 1)}`))).toBe("header_too_large");
});

test.each([1, 7, 399, 400])(
  "a head that never ends is refused at the limit, sent in pieces of %i bytes",
  (size) => {
    const reader = new RequestReader(limits);
    const piece = Buffer.alloc(size, "x");
    let read = reader.read(Buffer.from("GET / HTTP/1.1\r\nx: "), 0);
    let sent = "GET / HTTP/1.1\r\nx: ".length;

    for (; read.kind === "more" && sent < 1000; sent += size) read = reader.read(piece, 0);

    expect(read).toMatchObject({ kind: "refused", error: { code: "header_too_large" } });
    expect(sent).toBeLessThan(400 + size);
  },
);
