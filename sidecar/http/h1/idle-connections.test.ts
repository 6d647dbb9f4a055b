import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";

import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { RequestReader } from "./request-reader.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const MIB = 1024 * 1024;

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test("what a connection remembers of its last head is the name of the host, and not the head", () => {
  const head = `GET / HTTP/1.1\r\nHost: a-host-with-a-long-name.example\r\nCookie: ${"c".repeat(30_000)}\r\n\r\n`;
  const before = heapUsed();

  const idle = Array.from({ length: 1_000 }, () => {
    const reader = new RequestReader(DEFAULT_WIRE_LIMITS);
    expect(reader.read(Buffer.from(head), 0).kind).toBe("head");
    return reader;
  });

  expect(heapUsed() - before).toBeLessThan(15 * MIB);
  expect(idle).toHaveLength(1_000);
});
