import { expect, test } from "vitest";

import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import type { AskedRequest } from "./framing.ts";
import type { HeadRead, ParsedResponse } from "./message.ts";
import { ResponseReader } from "./response-reader.ts";

const limits = { ...DEFAULT_WIRE_LIMITS, headBytes: 300, headFields: 4 };
const GET: AskedRequest = { method: "GET", upgrade: false };
const HEAD: AskedRequest = { method: "HEAD", upgrade: false };
const CONNECT: AskedRequest = { method: "CONNECT", upgrade: false };
const UPGRADE: AskedRequest = { method: "GET", upgrade: true };

function read(text: string, asked: AskedRequest = GET): HeadRead<ParsedResponse> {
  const reader = new ResponseReader(limits);
  reader.expect(asked);
  return reader.read(Buffer.from(text, "latin1"), 0);
}

function parsed(text: string, asked: AskedRequest = GET): ParsedResponse {
  const result = read(text, asked);
  if (result.kind !== "head") throw new Error(`${result.kind} instead of a head: ${JSON.stringify(result)}`);
  return result.parsed;
}

function answer(status: number | string, ...lines: string[]): string {
  return [`HTTP/1.1 ${status}`, ...lines, "", ""].join("\r\n");
}

test("a head is taken apart and the bytes behind it are left alone", () => {
  const text = `${answer("200 OK", "Set-Cookie: a=1", "set-cookie: b=2", "Content-Length: 6")}behind`;

  const result = read(text);

  expect(result).toMatchObject({ kind: "head", next: text.indexOf("behind") });
  expect(parsed(text)).toMatchObject({ head: { status: 200 }, framing: { kind: "length", length: 6 } });
  expect(parsed(text).head.headers.all("set-cookie")).toEqual(["a=1", "b=2"]);
});

test.each(["200 OK", "200 ", "200", "200 Tr\u00e8s bien\t!", "999 Strange", "100 Continue"])(
  "§4 the status line may end in: %s",
  (end) => {
    expect(parsed(answer(end)).head.status).toBe(Number(end.slice(0, 3)));
  },
);

test.each([
  ["§2.2 a blank line before it", `\r\n${answer(200)}`],
  ["§2.2 a bare line feed", "HTTP/1.1 200 OK\nx: y\n\n"],
  ["§2.3 HTTP/0.9: a body without a head", "<html>"],
  ["§2.3 another protocol", "ICY 200 OK\r\n\r\n"],
  ["§2.3 HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n"],
  ["§2.3 HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"],
  ["§4 two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n"],
  ["§4 a status of two digits", answer("20 OK")],
  ["§4 a status of four digits", answer("2000 OK")],
  ["§4 a status below 100", answer("099 OK")],
  ["§4 a status that is no number", answer("2x0 OK")],
  ["§4 a control character in the phrase", answer("200 O\u0000K")],
  ["§5.1 a space before the colon", answer(200, "x : y")],
  ["§5.2 a folded field", answer(200, "x: y", " z")],
  ["§6.1 a coding other than chunked", answer(200, "Transfer-Encoding: xchunked")],
  ["§6.1 a list of codings", answer(200, "Transfer-Encoding: gzip, chunked")],
  ["§6.1 chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["§6.2 a length and a coding", answer(200, "Content-Length: 1", "Transfer-Encoding: chunked")],
  ["§6.3 two equal lengths", answer(200, "Content-Length: 1", "Content-Length: 1")],
  ["§6.3 a malformed length", answer(200, "Content-Length: 01")],
  ["§6.3 a malformed length where there is no body", answer(304, "Content-Length: 1x")],
  ["§6.3 two lengths where there is no body", answer(204, "Content-Length: 1", "Content-Length: 2")],
  ["§9.1 a Connection that is no list", answer(200, "Connection: a b")],
  ["§9.6 1xx that closes the connection", answer(103, "Connection: close")],
  ["RFC 9110 §15.2 1xx in HTTP/1.0", "HTTP/1.0 100 Continue\r\n\r\n"],
  ["RFC 9110 §15.2.2 101 that nobody asked for", answer(101, "Connection: Upgrade", "Upgrade: websocket")],
  ["a head over the limit", answer(200, `x: ${"y".repeat(300)}`)],
  ["more fields than the limit", answer(200, "1: a", "2: a", "3: a", "4: a", "5: a")],
])("an answer is invalid: %s", (_name, text) => {
  expect(read(text)).toMatchObject({
    kind: "refused",
    error: { code: "upstream_invalid", source: "upstream" },
  });
});

test("§6.3 a length that cannot be trusted makes an answer to HEAD invalid too", () => {
  const text = answer(200, "Content-Length: 1", "Transfer-Encoding: chunked");

  expect(read(text, HEAD)).toMatchObject({ kind: "refused", error: { code: "upstream_invalid" } });
});

test("bytes that no request was sent for are invalid", () => {
  const reader = new ResponseReader(limits);

  expect(reader.read(Buffer.from(answer(200)), 0)).toMatchObject({ kind: "refused" });
});

test("1xx are read until the final answer, and nothing behind that", () => {
  const reader = new ResponseReader(limits);
  reader.expect(GET);

  for (const status of [100, 103, 102])
    expect(reader.read(Buffer.from(answer(status, "Content-Length: 5")), 0)).toMatchObject({
      parsed: { head: { status }, framing: { kind: "none" }, keepAlive: true },
    });
  expect(reader.read(Buffer.from(answer(200, "Content-Length: 0")), 0)).toMatchObject({ kind: "head" });
  expect(reader.read(Buffer.from(answer(200, "Content-Length: 0")), 0)).toMatchObject({ kind: "refused" });
});

test.each([
  [HEAD, "200 OK", ["Content-Length: 5"], { kind: "none" }, 5],
  [HEAD, "200 OK", ["Transfer-Encoding: chunked"], { kind: "none" }, undefined],
  [GET, "304 Not Modified", ["Content-Length: 5"], { kind: "none" }, 5],
  [GET, "204 No Content", ["Content-Length: 5"], { kind: "none" }, undefined],
  [GET, "204 No Content", ["Transfer-Encoding: chunked"], { kind: "none" }, undefined],
  [GET, "200 OK", ["Transfer-Encoding: chunked"], { kind: "chunked" }, undefined],
  [GET, "200 OK", ["Content-Length: 5"], { kind: "length", length: 5 }, undefined],
  [GET, "200 OK", [], { kind: "close" }, undefined],
  [CONNECT, "200 OK", ["Content-Length: 5"], { kind: "tunnel" }, undefined],
  [CONNECT, "407 No", ["Content-Length: 5"], { kind: "length", length: 5 }, undefined],
  [UPGRADE, "101 Yes", ["Connection: Upgrade", "Upgrade: WebSocket"], { kind: "tunnel" }, undefined],
  [UPGRADE, "200 OK", ["Content-Length: 5"], { kind: "length", length: 5 }, undefined],
] as const)("§6.3 asked %o, an answer %s with %j", (asked, status, lines, framing, announced) => {
  const result = parsed(answer(status, ...lines), asked);

  expect(result.framing).toEqual(framing);
  expect(result.announced).toBe(announced);
});

test.each([
  ["to nothing", []],
  ["without Connection", ["Upgrade: websocket"]],
  ["to something else", ["Connection: Upgrade", "Upgrade: h2c"]],
  ["to more than was asked", ["Connection: Upgrade", "Upgrade: websocket, h2c"]],
])("RFC 9110 §7.8 a switch %s is invalid", (_name, lines) => {
  expect(read(answer(101, ...lines), UPGRADE)).toMatchObject({ kind: "refused" });
});

test.each([
  [answer(200, "Content-Length: 0"), true],
  [answer(200, "Content-Length: 0", "Connection: close"), false],
  ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", false],
  [answer(200), false],
])("§9.3 after %j the connection may be used again: %s", (text, keepAlive) => {
  expect(parsed(text).keepAlive).toBe(keepAlive);
});

test.each([
  ["timeout=5", 5000],
  ["max=100, Timeout = 30", 30_000],
  ["max=100", undefined],
  ["timeout=", undefined],
  ["timeout=-1", undefined],
  ["timeout=1e3", undefined],
  ["timeout=99999999", undefined],
])("Keep-Alive: %s is a hint of %s ms", (value, hint) => {
  expect(parsed(answer(200, "Content-Length: 0", `Keep-Alive: ${value}`)).keepAliveHint).toBe(hint);
});
