import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { ask, poolTo, request } from "../../../test/support/pooled-call.ts";
import { RawServer } from "../../../test/support/raw-socket.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const UNASKED = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";

test.each([
  ["GET", "ok"],
  ["POST", "ok"],
])("bytes that come before a %s has left are no answer to it", async (method, expected) => {
  await using app = await RawServer.listen((connection) => {
    connection.socket.on("data", () => connection.write(OK));
  });
  const pool = poolTo(app.port);
  await ask(pool).result();
  const first = await app.accept();

  // What is sent in this phase of the loop leaves behind the next reading, which finds the unasked answer.
  await setImmediate();
  first.write(UNASKED);
  const answer = await ask(pool, request(method)).result();

  expect(answer).toBe(expected);
  expect(pool.counts).toMatchObject({ connects: 2, resends: 1 });
  pool.close();
});
