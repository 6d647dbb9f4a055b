import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { FastifyReply, FastifyRequest } from "fastify";

import type { Clock, Timer } from "../../core/clock.ts";
import { problemOf } from "./problem.ts";

const HEARTBEAT = 15_000;

/** A part of a text, and where in the whole it ends, of letters, digits and `-`; undefined: not known. */
export interface TextPiece {
  readonly text: string;
  readonly position: string | undefined;
}

interface TextOptions {
  readonly clock: Clock;
  /** How long a reader may not read before it is cut, ms. */
  readonly patience: number;
  /** Hears what broke the answer off once it had begun; before that it is thrown on, for an answer of its own. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Sends text as it comes; with `?follow` each piece as a server-sent event whose id is its position, and what goes wrong
 * on the way as the last, `problem`. Without, an answer that breaks off ends its connection: no reader takes a part for
 * all of it. Back-pressure reaches whoever makes it, but not for ever: a reader that does not read is cut.
 */
export function sendText(
  { query }: FastifyRequest,
  reply: FastifyReply,
  pieces: AsyncIterable<TextPiece>,
  { clock, patience, onFault }: TextOptions,
): FastifyReply {
  const cutLate = (): Timer => clock.after(patience, () => reply.raw.destroy());
  const follow = typeof query === "object" && query !== null && "follow" in query && query.follow === "true";
  void reply.type(follow ? "text/event-stream" : "text/plain; charset=utf-8");
  if (follow) return reply.send(eventStream(taken(events(pieces, onFault), cutLate), clock));
  const text = Readable.from(taken(textOf(pieces), cutLate), { objectMode: false });
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

/** Each part asks for the next one when there is room for it: a timer runs while there is none. */
async function* taken(parts: AsyncIterable<string>, cutLate: () => Timer): AsyncGenerator<string> {
  for await (const part of parts) {
    using _ = cutLate();
    yield part;
  }
}

async function* textOf(pieces: AsyncIterable<TextPiece>): AsyncGenerator<string> {
  for await (const { text } of pieces) if (text !== "") yield text;
}

async function* events(
  pieces: AsyncIterable<TextPiece>,
  onFault: TextOptions["onFault"],
): AsyncGenerator<string> {
  try {
    for await (const { text, position } of pieces) {
      const id = position === undefined ? [] : [`id: ${position}`];
      const data = text === "" ? [] : text.split(/\r\n|\r|\n/).map((line) => `data: ${line}`);
      yield `${[...id, ...data].join("\n")}\n\n`;
    }
  } catch (error) {
    onFault(error);
    yield `event: problem\ndata: ${JSON.stringify(problemOf(error))}\n\n`;
  }
}
