import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { FastifyReply, FastifyRequest } from "fastify";

import type { Clock } from "../../core/clock.ts";
import { problemOf } from "./problem.ts";

const HEARTBEAT = 15_000;

export interface TextOptions {
  readonly clock: Clock;
  /** Hears what broke the answer off once it had begun; before that it is thrown on, for an answer of its own. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Sends text as it comes; with `?follow` each piece as a server-sent event, and what goes wrong on the way as the last,
 * `problem`. Without, an answer that breaks off ends its connection: no reader takes a part for all of it. Back-pressure
 * reaches whoever makes it.
 */
export function sendText(
  { query }: FastifyRequest,
  reply: FastifyReply,
  pieces: AsyncIterable<string>,
  { clock, onFault }: TextOptions,
): FastifyReply {
  const follow = typeof query === "object" && query !== null && "follow" in query && query.follow === "true";
  void reply.type(follow ? "text/event-stream" : "text/plain; charset=utf-8");
  if (follow) return reply.send(eventStream(events(pieces, onFault), clock));
  const text = Readable.from(pieces, { objectMode: false });
  return reply.send(text.once("error", (error) => reply.raw.headersSent && onFault(error)));
}

function eventStream(sent: AsyncIterable<string>, clock: Clock): PassThrough {
  const stream = new PassThrough();
  // The head goes out now, not with the first line that a quiet plugin writes.
  stream.write(": open\n\n");
  const heartbeat = clock.every(HEARTBEAT, () => stream.writableNeedDrain || stream.write(": heartbeat\n\n"));
  const end = (): void => heartbeat[Symbol.dispose]();
  // Fastify has heard of an error by the stream itself.
  pipeline(sent, stream).then(end, end);
  return stream;
}

async function* events(
  pieces: AsyncIterable<string>,
  onFault: TextOptions["onFault"],
): AsyncGenerator<string> {
  try {
    for await (const piece of pieces) {
      const lines = piece.split(/\r\n|\r|\n/).map((line) => `data: ${line}`);
      yield `${lines.join("\n")}\n\n`;
    }
  } catch (error) {
    onFault(error);
    yield `event: problem\ndata: ${JSON.stringify(problemOf(error))}\n\n`;
  }
}
