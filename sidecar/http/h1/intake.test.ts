import { PassThrough } from "node:stream";
import type { Socket } from "node:net";
import { expect, test } from "vitest";

import { Intake, type IntakeReader } from "./intake.ts";

/** Takes as many bytes as it was allowed to, one in each step. */
class Reader implements IntakeReader {
  allowed = 0;
  taken = "";
  kept: Buffer[] = [];
  endings = 0;

  step(intake: Intake): boolean {
    if (this.allowed === 0) return false;
    this.allowed--;
    const { at } = intake;
    intake.at = at + 1;
    this.taken += String.fromCharCode(intake.chunk[at] ?? 0);
    this.kept.push(intake.keep(at, at + 1));
    return true;
  }

  ended(): void {
    this.endings++;
  }
}

function intake(): { intake: Intake; reader: Reader; stream: PassThrough } {
  const stream = new PassThrough();
  stream.resume();
  const reader = new Reader();
  return { intake: new Intake(stream as unknown as Socket, reader), reader, stream };
}

test("what the reader does not take is held, with the socket paused, until it is woken", () => {
  const { intake: bytes, reader, stream } = intake();
  reader.allowed = 2;

  bytes.push(Buffer.from("abcd"));
  expect([reader.taken, bytes.holding, stream.isPaused()]).toEqual(["ab", true, true]);

  reader.allowed = 5;
  bytes.wake();
  expect([reader.taken, bytes.holding, stream.isPaused()]).toEqual(["abcd", false, false]);
});

test("bytes that come although the socket was paused stand behind those that are held", () => {
  const { intake: bytes, reader } = intake();
  const buffer = Buffer.from("abc");
  bytes.lend(buffer);
  buffer.fill("x");
  bytes.push(Buffer.from("def"));

  reader.allowed = 9;
  bytes.wake();

  expect(reader.taken).toBe("abcdef");
});

test("what is kept of a lent buffer is a copy, and of an own one is not", () => {
  const { intake: bytes, reader } = intake();
  reader.allowed = 2;
  const lent = Buffer.from("a");
  const own = Buffer.from("b");

  bytes.lend(lent);
  bytes.push(own);
  lent.fill("x");

  expect(reader.kept.map(String)).toEqual(["a", "b"]);
  expect(reader.kept[1]?.buffer).toBe(own.buffer);
});

test("the end is told once, and only when everything was taken", () => {
  const { intake: bytes, reader } = intake();
  bytes.push(Buffer.from("a"));
  bytes.end();
  expect([reader.endings, bytes.exhausted]).toEqual([0, false]);

  reader.allowed = 1;
  bytes.wake();
  bytes.wake();

  expect([reader.endings, bytes.exhausted]).toEqual([1, true]);
});
