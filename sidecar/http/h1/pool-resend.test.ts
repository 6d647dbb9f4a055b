import { expect, test } from "vitest";

import { ask, Body, poolTo, request } from "../../../test/support/pooled-call.ts";
import { RawServer, type RawSocket } from "../../../test/support/raw-socket.ts";
import { NO_BODY_SOURCE } from "./incoming-body.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** An app whose first answer on each connection is whole, and which resets in place of a second one. */
function closingWhenReused(connection: RawSocket): void {
  connection.socket.once("data", () => {
    connection.write(OK);
    connection.socket.once("data", () => connection.socket.resetAndDestroy());
  });
}

test.each([
  ["GET", undefined, "ok", 1],
  ["DELETE", undefined, "ok", 1],
  // The app may have carried it out: RFC 9110 §9.2.2.
  ["POST", undefined, "upstream_reset", 0],
  // Its body went with the head and cannot be had again.
  ["POST", "body", "upstream_reset", 0],
  ["PUT", "body", "upstream_reset", 0],
])(
  "a %s with body %s on a kept connection that resets comes to %s",
  async (method, body, result, resends) => {
    await using app = await RawServer.listen(closingWhenReused);
    const pool = poolTo(app.port);
    await ask(pool).result();

    const source = body === undefined ? NO_BODY_SOURCE : new Body(body);
    expect(await ask(pool, request(method, source)).result()).toBe(result);

    expect(pool.counts.resends).toBe(resends);
    pool.close();
  },
);

test("a POST whose body has not begun is sent again, and the body goes with the second one", async () => {
  await using app = await RawServer.listen(closingWhenReused);
  const pool = poolTo(app.port);
  await ask(pool).result();
  const body = new Body();

  const answer = ask(pool, request("POST", body));
  while (pool.counts.resends === 0) await new Promise(setImmediate);
  // The second connection is still being made.
  expect(body.sink?.chunk(Buffer.from("first"))).toBe(false);
  await app.accept();
  const second = await app.accept();
  await second.untilText("5\r\nfirst\r\n");
  body.sink?.chunk(Buffer.from("last"));
  body.sink?.end(undefined);

  expect(await answer.result()).toBe("ok");
  expect(await second.untilText("0\r\n\r\n")).toMatch(/\r\n\r\n5\r\nfirst\r\n4\r\nlast\r\n0\r\n\r\n$/);
  pool.close();
});

test("a request is sent again once only, and never after a fresh connection closed on it", async () => {
  let connections = 0;
  await using app = await RawServer.listen((connection) => {
    connections++;
    if (connections === 1) closingWhenReused(connection);
    else connection.socket.once("data", () => connection.socket.resetAndDestroy());
  });
  const pool = poolTo(app.port);
  await ask(pool).result();

  const error = await ask(pool).error();

  expect([error.code, error.retryable]).toEqual(["upstream_reset", true]);
  expect(pool.counts).toEqual({ connects: 2, reuses: 1, resends: 1 });
});
