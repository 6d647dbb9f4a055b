import { Readable } from "node:stream";

import { fastify } from "fastify";
import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { FaultLog } from "./fault-log.ts";
import { sendBytes } from "./bytes-answer.ts";
import { sendText, type TextPiece } from "./text-answer.ts";

/** A server whose answer breaks off after its first piece, and what its log has. */
async function breakingServer(kind: "text" | "bytes") {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const faults = new FaultLog(createLogger("warn", { write }), () => undefined);
  const server = fastify({ genReqId: () => "request-7" });
  async function* pieces(): AsyncGenerator<TextPiece> {
    yield { text: "first\n", position: "7" };
    await headSent.promise;
    throw new TypeError("a mistake of ours");
  }
  const headSent = Promise.withResolvers<void>();
  server.get("/", async (request, reply) => {
    const onFault = (error: unknown): void => faults.note(error, request.id);
    if (kind === "text")
      return sendText(request, reply, pieces(), { clock: new ManualClock(), patience: 1_000, onFault });
    const open = async (): Promise<Readable> => Readable.from(textOf(pieces()), { objectMode: false });
    return sendBytes(request, reply, { size: 1_000, filename: "some", tag: undefined, open }, onFault);
  });
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  const get = async (query: string): Promise<Response> => {
    const answer = await fetch(`${address}/${query}`);
    headSent.resolve();
    return answer;
  };
  return { get, lines, [Symbol.asyncDispose]: () => server.close() };
}

async function* textOf(pieces: AsyncIterable<TextPiece>): AsyncGenerator<string> {
  for await (const { text } of pieces) yield text;
}

const LOGGED = {
  msg: "a request failed",
  requestId: "request-7",
  err: expect.objectContaining({ message: "a mistake of ours" }) as object,
};

test.for(["text", "bytes"] as const)(
  "%s that breaks off on the way is in the log, and no client takes its part for all of it",
  async (kind) => {
    await using server = await breakingServer(kind);

    const answer = await server.get("");

    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow("terminated");
    expect(server.lines).toMatchObject([LOGGED]);
  },
);

test("followed text that breaks off is in the log, and its last event says so", async () => {
  await using server = await breakingServer("text");

  const text = await (await server.get("?follow=true")).text();

  expect(text).toMatch(/id: 7\ndata: first\n.*event: problem\ndata: \{.*"code":"internal".*\}\n\n$/s);
  expect(text).not.toContain("a mistake of ours");
  expect(server.lines).toMatchObject([LOGGED]);
});
