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

test.for([
  ["the name of the host, and not the head", "a-host-with-a-long-name.example"],
  ["nothing of a host that is too long to be a name", "h".repeat(20_000)],
])("what a connection remembers of its last head is %s", ([, host]) => {
  const head = Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: ${"c".repeat(10_000)}\r\n\r\n`);
  const before = heapUsed();

  const idle = Array.from({ length: 400 }, () => {
    const reader = new RequestReader(DEFAULT_WIRE_LIMITS);
    if (reader.read(head, 0).kind !== "head") throw new Error("the head was refused");
    return reader;
  });

  expect(heapUsed() - before).toBeLessThan(2 * MIB);
  expect(idle).toHaveLength(400);
});
