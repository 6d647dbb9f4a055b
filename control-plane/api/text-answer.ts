import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { FastifyReply, FastifyRequest } from "fastify";

import type { Clock } from "../../core/clock.ts";
import { problemOf } from "./problem.ts";

const HEARTBEAT = 15_000;

/**
 * Sends text as it comes; with `?follow` each piece as a server-sent event, and what goes wrong on the way as the last,
 * `problem`. Back-pressure reaches whoever makes it.
 */
export function sendText(
  { query }: FastifyRequest,
  reply: FastifyReply,
  pieces: AsyncIterable<string>,
  clock: Clock,
): FastifyReply {
  const follow = typeof query === "object" && query !== null && "follow" in query && query.follow === "true";
  void reply.type(follow ? "text/event-stream" : "text/plain; charset=utf-8");
  return reply.send(follow ? eventStream(pieces, clock) : Readable.from(pieces, { objectMode: false }));
}

function eventStream(pieces: AsyncIterable<string>, clock: Clock): PassThrough {
  const stream = new PassThrough();
  // The head goes out now, not with the first line that a quiet plugin writes.
  stream.write(": open\n\n");
  const heartbeat = clock.every(HEARTBEAT, () => stream.writableNeedDrain || stream.write(": heartbeat\n\n"));
  const end = (): void => heartbeat[Symbol.dispose]();
  // Fastify has heard of an error by the stream itself.
  pipeline(events(pieces), stream).then(end, end);
  return stream;
}

async function* events(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    for await (const piece of pieces) {
      const lines = piece.split(/\r\n|\r|\n/).map((line) => `data: ${line}`);
      yield `${lines.join("\n")}\n\n`;
    }
  } catch (error) {
    yield `event: problem\ndata: ${JSON.stringify(problemOf(error))}\n\n`;
  }
}
