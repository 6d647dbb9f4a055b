import { expect, test } from "vitest";

import { PushMesh } from "../../test/support/push-mesh.ts";
import type { LogChunk } from "../reports/node-logs.ts";

const REQUEST = { reader: "ann", node: "node-1", plugin: "guard", tailBytes: 1_000_000, follow: false };
async function collect(chunks: AsyncIterable<LogChunk>): Promise<readonly LogChunk[]> {
  const all: LogChunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

const NEVER = new AbortController().signal;

test("what a plugin logged on a node is read through its stream", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const reading = collect(mesh.server.logs.read(REQUEST, NEVER));

  const question = await node.next("readLog");
  expect(question).toMatchObject({ plugin: "guard", tailBytes: 1_000_000, follow: false, after: "" });
  node.send({ log: { id: question.id, lines: ["one", "two"], position: "a-7" } });
  node.send({
    log: { id: question.id, lines: ["three"], dropped: 2, lost: true, position: "a\ndata: b", end: true },
  });

  expect(await reading).toEqual([
    { lines: ["one", "two"], dropped: 0, lost: false, position: "a-7" },
    { lines: ["three"], dropped: 2, lost: true, position: undefined },
  ]);
});

test("a reader who comes again goes on from a position, which the node alone understands", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const reading = collect(mesh.server.logs.read({ ...REQUEST, after: "a-7" }, NEVER));

  const { id, after } = await node.next("readLog");
  node.send({ log: { id, position: "a-7" } });
  node.send({ log: { id, end: true } });

  expect(after).toBe("a-7");
  expect(await reading).toEqual([{ lines: [], dropped: 0, lost: false, position: "a-7" }]);
});

test("a reader who leaves ends the question on the node", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const leave = new AbortController();
  const reading = collect(mesh.server.logs.read({ ...REQUEST, follow: true }, leave.signal));
  const { id } = await node.next("readLog");
  leave.abort();

  expect(await reading).toEqual([]);
  expect(await node.next("readLog")).toMatchObject({ id, stop: true });
});

test("a plugin that the node does not know is an error in its words", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const reading = collect(mesh.server.logs.read(REQUEST, NEVER));
  const { id } = await node.next("readLog");
  node.send({ log: { id, problem: "there is no plugin guard here", end: true } });

  await expect(reading).rejects.toMatchObject({
    code: "not_found",
    message: "there is no plugin guard here",
  });
});

test("reading ends with the stream, and a node that is not connected cannot be read from", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const reading = collect(mesh.server.logs.read({ ...REQUEST, follow: true }, NEVER));
  await node.next("readLog");
  await node[Symbol.asyncDispose]();

  expect(await reading).toEqual([]);
  expect(() => mesh.server.logs.read({ ...REQUEST, node: "node-9" }, NEVER)).toThrow(
    "node node-9 is not connected: what plugins log there can be read when it is",
  );
});

test("a node that goes away in the midst of what was there ends the reading with an error", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const reading = collect(mesh.server.logs.read(REQUEST, NEVER));
  const { id } = await node.next("readLog");
  node.send({ log: { id, lines: ["a part"] } });
  await node.report(true);
  await node[Symbol.asyncDispose]();

  await expect(reading).rejects.toMatchObject({ code: "unavailable" });
});

test("what a slow reader does not take is dropped and counted, not kept", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const reader = mesh.server.logs.read({ ...REQUEST, follow: true }, NEVER)[Symbol.asyncIterator]();
  const first = reader.next();
  const { id } = await node.next("readLog");
  node.send({ log: { id, lines: ["first"] } });
  await first;

  const line = "x".repeat(60_000);
  for (let i = 0; i < 50; i++) node.send({ log: { id, lines: [line] } });
  node.send({ log: { id, lines: ["last"], end: true } });
  await node.report(true);
  const chunks: LogChunk[] = [];
  for (let next = await reader.next(); next.done !== true; next = await reader.next())
    chunks.push(next.value);

  const kept = chunks.reduce((sum, { lines }) => sum + lines.length, 0);
  const dropped = chunks.reduce((sum, chunk) => sum + chunk.dropped, 0);
  expect(kept + dropped).toBe(51);
  expect(kept).toBeLessThan(20);
});

test("few may read from one node at once, fewer with one token, and one too many is told before anything begins", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const leave = new AbortController();
  const read = (reader: string): AsyncIterable<LogChunk> =>
    mesh.server.logs.read({ ...REQUEST, reader, follow: true }, leave.signal);
  const readers = Array.from({ length: 4 }, () => collect(read("ann")));

  expect(() => read("ann")).toThrow(/^this token reads 4 logs of node-1 already$/);
  readers.push(...Array.from({ length: 4 }, () => collect(read("bob"))));
  expect(() => read("eve")).toThrow(expect.objectContaining({ code: "unavailable" }));
  for (let i = 0; i < 8; i++) await node.next("readLog");
  leave.abort();
  await Promise.allSettled(readers);
});
