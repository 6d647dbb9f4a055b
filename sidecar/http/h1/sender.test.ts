import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { H1Server } from "../../../test/support/h1-proxy.ts";
import { RawSocket } from "../../../test/support/raw-socket.ts";
import type { BodySink, BodySource } from "../exchange.ts";

/** More than the kernel takes for a client that does not read meanwhile. */
const LARGE = Buffer.alloc(32 * 1024 * 1024, "x");

/** A body that is there all at once, but not before its message was begun. */
class SuddenBody implements BodySource {
  readonly length = LARGE.length;
  #sink: BodySink | undefined;

  start(sink: BodySink): void {
    this.#sink = sink;
  }

  pour(): void {
    this.#sink?.chunk(LARGE);
    this.#sink?.end(undefined);
  }

  resume(): void {}
  cancel(): void {}
}

test("an answer is not taken for sent because the one before it was", async () => {
  await using server = await H1Server.listen((exchange) => {
    const head = { status: 200, headers: HeaderBlock.empty };
    if (exchange.head.target === "/last") return exchange.respond(head, Buffer.from("the last words"));
    const body = new SuddenBody();
    exchange.respond(head, body);
    body.pour();
  });
  await using client = await RawSocket.connect(server.port);

  client.write(
    "GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  let length = 0;
  let end = "";
  client.socket.removeAllListeners("data");
  client.socket.on("data", (chunk: Buffer) => {
    length += chunk.length;
    end = (end + chunk.toString("latin1")).slice(-64);
  });
  await client.untilEnd();

  expect(length).toBeGreaterThan(LARGE.length);
  expect(end).toMatch(/the last words$/);
});
