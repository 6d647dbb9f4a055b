import { expect, test } from "vitest";

import { applyEdits } from "../../../core/headers/apply-edits.ts";
import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { withoutHopByHop } from "../../../core/headers/hop-by-hop.ts";
import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { lastChunk } from "./chunked-writer.ts";
import { requestHeadText, responseHeadText } from "./head-writer.ts";
import type { ParsedRequest } from "./message.ts";
import { RequestReader } from "./request-reader.ts";

const KEEP = { close: false };

function parsed(text: string): ParsedRequest {
  const read = new RequestReader(DEFAULT_WIRE_LIMITS).read(Buffer.from(text, "latin1"), 0);
  if (read.kind !== "head") throw new Error(JSON.stringify(read));
  return read.parsed;
}

/** What leaves when a request is forwarded with these edits. */
function forwarded(text: string, ...edits: Parameters<typeof applyEdits>[1]): string {
  const { head, framing } = parsed(text);
  const headers = applyEdits(withoutHopByHop(head.headers), edits);
  return requestHeadText({ ...head, headers }, framing);
}

test("a request that nobody touched leaves as it came, byte for byte", () => {
  const text =
    "GET /a?b HTTP/1.1\r\naccept: */*\r\nHOST: a\r\nX-a: 1\r\nx-b: caf\u00e9\r\nX-A: 2\r\nx-e: \r\n\r\n";

  expect(forwarded(text)).toBe(text);
});

test("spacing becomes canonical and hop-by-hop fields are gone; what frames the message comes last", () => {
  const lines = ["Connection: x-c, close", "a:1", "Content-Length: 5", "b:\t 2 \t", "X-C: 3", "c: 4 ", "d:"];
  const text = ["POST /a HTTP/1.1", "Host: a", ...lines, "", ""].join("\r\n");

  expect(forwarded(text)).toBe(
    "POST /a HTTP/1.1\r\nHost: a\r\na: 1\r\nb: 2\r\nc: 4\r\nd: \r\nContent-Length: 5\r\n\r\n",
  );
});

test("edits leave at the place of what they replace, and everything else around them untouched", () => {
  const text = "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nb: 2\r\nC: 3\r\n\r\n";

  const edited = forwarded(
    text,
    { name: "b", values: ["x", " y "] },
    { name: "a", values: [] },
    { name: "N", values: ["z"] },
  );

  expect(edited).toBe("GET / HTTP/1.1\r\nHost: a\r\nb: x\r\nb: y\r\nC: 3\r\nN: z\r\n\r\n");
});

test("Host says the authority in the place where it stood, and comes first where there was none", () => {
  const absolute = "GET http://b:1/c HTTP/1.1\r\nx: y\r\nhost: a\r\n\r\n";
  expect(forwarded(absolute)).toBe("GET /c HTTP/1.1\r\nx: y\r\nhost: b:1\r\n\r\n");

  const head = { method: "GET", target: "/", authority: "c", upgrade: false };
  const headers = HeaderBlock.fromFlat(["Host", "a", "x", "y"]);
  expect(requestHeadText({ ...head, headers }, { kind: "none" })).toBe(
    "GET / HTTP/1.1\r\nHost: c\r\nx: y\r\n\r\n",
  );
  expect(forwarded("GET / HTTP/1.0\r\n\r\n")).toBe("GET / HTTP/1.1\r\nHost: \r\n\r\n");
});

test("an upgrade is passed on as one to websocket", () => {
  const text =
    "GET /c HTTP/1.1\r\nHost: a\r\nUpgrade: h2c, websocket\r\nConnection: keep-alive, Upgrade\r\nx: y\r\n\r\n";

  expect(forwarded(text)).toBe(
    "GET /c HTTP/1.1\r\nHost: a\r\nx: y\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  );
});

test("TE: trailers is passed on with the Connection option that it needs", () => {
  const text = "GET /c HTTP/1.1\r\nHost: a\r\nTE: gzip, trailers\r\nConnection: TE\r\n\r\n";

  expect(forwarded(text)).toBe("GET /c HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
});

test("a block that holds framing in spite of its contract cannot give a head two lengths", () => {
  const flat = ["Content-Length", "5", "transfer-encoding", "chunked", "Connection", "close", "a", "1"];
  const head = { status: 200, headers: HeaderBlock.fromFlat(flat) };

  expect(responseHeadText(head, { kind: "length", length: 2 }, KEEP)).toBe(
    "HTTP/1.1 200 OK\r\na: 1\r\nContent-Length: 2\r\n\r\n",
  );
});

test.each([
  [200, { kind: "chunked" }, false, "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
  [200, { kind: "length", length: 0 }, true, "200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"],
  [200, { kind: "close" }, false, "200 OK\r\nConnection: close\r\n\r\n"],
  [204, { kind: "none" }, false, "204 No Content\r\n\r\n"],
  [103, { kind: "none" }, false, "103 Early Hints\r\n\r\n"],
  [
    101,
    { kind: "tunnel" },
    false,
    "101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  ],
  [999, { kind: "none" }, false, "999 \r\n\r\n"],
] as const)("an answer %i framed %o", (status, framing, close, text) => {
  expect(responseHeadText({ status, headers: HeaderBlock.empty }, framing, { close })).toBe(
    `HTTP/1.1 ${text}`,
  );
});

test("the last chunk is written in canonical form, with the trailers behind it", () => {
  expect(lastChunk(undefined)).toBe("0\r\n\r\n");
  expect(lastChunk(HeaderBlock.fromFlat(["a", "1", "b", "2"]))).toBe("0\r\na: 1\r\nb: 2\r\n\r\n");
});
