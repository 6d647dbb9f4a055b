import { expect, test } from "vitest";

import { outgoingRequestFraming, outgoingResponseFraming } from "./outgoing-framing.ts";

const NONE = { kind: "none" };
const CHUNKED = { kind: "chunked" };

test.each([
  ["GET", 0, NONE],
  ["DELETE", 0, NONE],
  ["POST", 0, { kind: "length", length: 0 }],
  ["GET", 3, { kind: "length", length: 3 }],
  ["POST", undefined, CHUNKED],
] as const)("RFC 9110 §8.6 a %s with a body of %s bytes", (method, length, framing) => {
  expect(outgoingRequestFraming(method, length)).toEqual(framing);
});

test.each([
  ["GET", "http/1.1", 200, 0, { kind: "length", length: 0 }],
  ["GET", "http/1.1", 200, undefined, CHUNKED],
  ["GET", "http/1.0", 200, undefined, { kind: "close" }],
  ["GET", "http/1.0", 200, 7, { kind: "length", length: 7 }],
  ["GET", "http/1.1", 103, 0, NONE],
  ["GET", "http/1.1", 204, 0, NONE],
  ["GET", "http/1.1", 304, undefined, NONE],
  ["GET", "http/1.1", 304, 0, NONE],
  ["GET", "http/1.1", 304, 7, { kind: "length", length: 7 }],
  ["HEAD", "http/1.1", 200, 7, { kind: "length", length: 7 }],
  ["HEAD", "http/1.0", 200, undefined, NONE],
  ["CONNECT", "http/1.1", 200, undefined, { kind: "tunnel" }],
  ["CONNECT", "http/1.1", 407, 3, { kind: "length", length: 3 }],
  ["GET", "http/1.1", 101, undefined, { kind: "tunnel" }],
] as const)(
  "RFC 9112 §6 to %s in %s an answer %i with %s bytes",
  (method, protocol, status, length, framing) => {
    expect(outgoingResponseFraming({ method, protocol }, status, length)).toEqual(framing);
  },
);
