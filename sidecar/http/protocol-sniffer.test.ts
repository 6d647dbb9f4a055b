import { expect, test } from "vitest";
import * as fc from "fast-check";

import { sniff } from "./protocol-sniffer.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

test("every beginning of the preface is undecided, the whole of it HTTP/2", () => {
  for (let length = 0; length < PREFACE.length; length++)
    expect(sniff(PREFACE.subarray(0, length))).toBe("undecided");
  expect(sniff(PREFACE)).toBe("h2");
  expect(sniff(Buffer.concat([PREFACE, Buffer.from("more")]))).toBe("h2");
});

test.each(["GET / HTTP/1.1\r\n", "POST", "PUT", "PATCH", "PRI / HTTP/1.1", "PROPFIND", "pri *", "\r\n"])(
  "%j is HTTP/1.1",
  (text) => expect(sniff(Buffer.from(text))).toBe("http1"),
);

test("one byte that is not the preface's makes it HTTP/1.1", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: PREFACE.length - 1 }),
      fc.nat({ max: 255 }),
      fc.nat({ max: 40 }),
      (at, byte, more) => {
        fc.pre(PREFACE[at] !== byte);
        const bytes = Buffer.concat([PREFACE, Buffer.alloc(more)]);
        bytes[at] = byte;

        expect(sniff(bytes.subarray(0, Math.max(at + 1, bytes.length - more)))).toBe("http1");
      },
    ),
  );
});
