import { expect, test } from "vitest";

import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { ChunkedReader, type ChunkedRead } from "./chunked-reader.ts";

const limits = { ...DEFAULT_WIRE_LIMITS, chunkExtensionBytes: 16, trailerBytes: 60, headFields: 3 };

/** A body read to its end from these pieces: what was delivered, and how it came out. */
function readAll(
  pieces: readonly string[],
  reader = new ChunkedReader(limits, "request"),
): [string, ChunkedRead] {
  let body = "";
  let read: ChunkedRead = { kind: "more" };
  for (const piece of pieces) {
    const buffer = Buffer.from(piece, "latin1");
    read = reader.read(buffer, 0);
    for (; read.kind === "data"; read = reader.read(buffer, read.next)) body += read.bytes.toString("latin1");
    if (read.kind !== "more") break;
  }
  return [body, read];
}

function refusal(text: string): string | undefined {
  const [, end] = readAll([text]);
  return end.kind === "refused" ? end.error.code : undefined;
}

test("chunks are delivered as slices of what came, and the bytes behind the body are left alone", () => {
  const buffer = Buffer.from("5\r\nhello\r\n00A;x\r\n, world!!\n\r\n000\r\n\r\nGET");
  const reader = new ChunkedReader(limits, "request");

  const first = reader.read(buffer, 0);

  expect(first).toMatchObject({ kind: "data", next: 8 });
  expect(first.kind === "data" && first.bytes.buffer === buffer.buffer).toBe(true);
  expect(readAll([buffer.toString()])).toMatchObject([
    "hello, world!!\n",
    { kind: "end", next: buffer.length - 3 },
  ]);
});

test("a body split at every byte is the same", () => {
  const first = '3;a="\\""\r\nabc\r\n';
  const text = `${first}1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX-Sum: 1 \r\nb:2\r\n\r\n`;

  const [body, end] = readAll(text.split(""));

  expect(body).toBe("abcabcdefghijklmnopqrstuvwxyz");
  expect(end.kind === "end" && end.trailers?.toFlat()).toEqual(["X-Sum", "1", "b", "2"]);
});

test.each(["5", "5;a", "5;a=b", '5;a="b \\" c"', "5;a;b=c", "000000000005"])(
  "§7.1.1 %s begins a chunk",
  (line) => {
    expect(readAll([`${line}\r\nhello\r\n0\r\n\r\n`])).toMatchObject(["hello", { kind: "end" }]);
  },
);

test.each([
  ["no size", "\r\n\r\n"],
  ["no size before an extension", ";a\r\n\r\n"],
  ["a prefix", "0x5\r\nhello\r\n0\r\n\r\n"],
  ["a sign", "+5\r\nhello\r\n0\r\n\r\n"],
  ["a negative size", "-5\r\nhello\r\n0\r\n\r\n"],
  ["a space before the size", " 5\r\nhello\r\n0\r\n\r\n"],
  ["a space behind the size", "5 \r\nhello\r\n0\r\n\r\n"],
  ["a space before an extension", "5 ;a\r\nhello\r\n0\r\n\r\n"],
  ["a tab behind the size", "5\t\r\nhello\r\n0\r\n\r\n"],
  ["a digit that is none", "5g\r\nhello\r\n0\r\n\r\n"],
  ["a size of 14 digits", "00000000000005\r\nhello\r\n0\r\n\r\n"],
  ["a size that wraps around", "10000000000000005\r\nhello\r\n0\r\n\r\n"],
  ["a line feed behind the size", "5\nhello\r\n0\r\n\r\n"],
  ["a carriage return alone behind the size", "5\rhello\r\n0\r\n\r\n"],
  ["an empty extension", "5;\r\nhello\r\n0\r\n\r\n"],
  ["an extension without a name", "5;=a\r\nhello\r\n0\r\n\r\n"],
  ["an extension without a value", "5;a=\r\nhello\r\n0\r\n\r\n"],
  ["a space in an extension", "5;a b\r\nhello\r\n0\r\n\r\n"],
  ["a line feed in quotes", '5;a="\n"\r\nhello\r\n0\r\n\r\n'],
  ["quotes that do not end", '5;a="\r\nhello\r\n0\r\n\r\n'],
  ["something behind quotes", '5;a="b"c\r\nhello\r\n0\r\n\r\n'],
  ["a line feed in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"],
  ["extensions over the limit", "5;a=bcdefghijklmnopq\r\nhello\r\n0\r\n\r\n"],
  ["a chunk longer than its size", "5\r\nhello!\r\n0\r\n\r\n"],
  ["a chunk shorter than its size", "5\r\nhell\r\n0\r\n\r\n"],
  ["a line feed behind a chunk", "5\r\nhello\n0\r\n\r\n"],
  ["no end behind a chunk", "5\r\nhello0\r\n\r\n"],
  ["a line feed behind the last chunk", "0\n\r\n"],
  ["a bare line feed behind the trailers", "0\r\na: b\n\r\n"],
  ["a folded trailer", "0\r\na: b\r\n c\r\n\r\n"],
  ["a trailer without a colon", "0\r\nab\r\n\r\n"],
  ["a space before a trailer's colon", "0\r\na : b\r\n\r\n"],
])("§7.1 %s is refused", (_name, text) => {
  expect(refusal(text)).toBe("bad_request");
});

test.each([
  "Transfer-Encoding: chunked",
  "content-length: 5",
  "Host: b",
  "Connection: close",
  "Upgrade: x",
  "TE: x",
])("RFC 9110 §6.5.1 a trailer %s would change framing, routing or the connection: refused", (line) => {
  expect(refusal(`0\r\n${line}\r\n\r\n`)).toBe("bad_request");
});

test("RFC 9110 §6.5.1 trailers that are not allowed behind a body are left out", () => {
  const [, end] = readAll(["0\r\nAuthorization: a\r\ngrpc-status: 0\r\nX-Mesh-Path: b\r\n\r\n"]);
  expect(end.kind === "end" && end.trailers?.toFlat()).toEqual(["grpc-status", "0"]);

  const [, none] = readAll(["0\r\nset-cookie: a\r\n\r\n"]);
  expect(none).toMatchObject({ kind: "end", trailers: undefined });
});

test("trailers are bounded in bytes and in number, whether they end or not", () => {
  expect(refusal(`0\r\na: ${"b".repeat(60)}\r\n\r\n`)).toBe("header_too_large");
  expect(refusal(`0\r\na: ${"b".repeat(60)}`)).toBe("header_too_large");
  expect(refusal("0\r\n1: a\r\n2: a\r\n3: a\r\n4: a\r\n\r\n")).toBe("header_too_large");
});

test("in an answer the same faults are the app's", () => {
  const [, end] = readAll(["5\nhello"], new ChunkedReader(limits, "response"));

  expect(end).toMatchObject({ kind: "refused", error: { code: "upstream_invalid", source: "upstream" } });
});
