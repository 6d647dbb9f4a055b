import { once } from "node:events";
import { connect, createServer, Socket, type AddressInfo } from "node:net";
import { expect, test } from "vitest";

import { lendReads, READ_BUFFER } from "./lent-reads.ts";

/** Both ends of one connection over a real port, the accepted one first. */
async function bothEnds(): Promise<AsyncDisposable & { readonly accepted: Socket; readonly client: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [accepted] = (await once(server, "connection")) as [Socket];
  return {
    accepted,
    client,
    async [Symbol.asyncDispose]() {
      for (const socket of [accepted, client]) socket.destroy();
      await once(server.close(), "close");
    },
  };
}

test("what an accepted socket receives is lent, in the one buffer, and its end is told", async () => {
  await using ends = await bothEnds();
  const lent: string[] = [];
  const buffers = new Set<ArrayBufferLike>();

  const lends = lendReads(ends.accepted, (bytes) => {
    lent.push(bytes.toString());
    buffers.add(bytes.buffer);
  });
  ends.accepted.resume();
  ends.client.end("hello");
  await once(ends.accepted, "end");

  expect(lends).toBe(true);
  expect(lent.join("")).toBe("hello");
  expect([...buffers]).toEqual([READ_BUFFER.buffer]);
});

test("a paused socket lends nothing until it is resumed", async () => {
  await using ends = await bothEnds();
  let received = "";
  lendReads(ends.accepted, (bytes) => {
    received += bytes.toString();
    ends.accepted.pause();
    ends.accepted.emit("lent");
  });
  ends.accepted.resume();

  ends.client.write("one");
  await once(ends.accepted, "lent");
  await new Promise<void>((resolve) => ends.client.end(" two", resolve));
  expect(received).toBe("one");

  ends.accepted.resume();
  await once(ends.accepted, "lent");
  expect(received).toBe("one two");
});

test("a socket that has nothing to read from is left alone", () => {
  const socket = new Socket();

  expect(lendReads(socket, () => expect.unreachable())).toBe(false);
});
