import type { Readable } from "node:stream";

import type { FastifyReply, FastifyRequest } from "fastify";

import { parseRange } from "./byte-range.ts";
import { RequestError } from "./problem.ts";

/** An answer that is a file. */
export interface BytesAnswer {
  readonly size: number;
  /** Under which browsers and tools save it; of letters, digits, `.`, `_` and `-`. */
  readonly filename: string;
  /** Says which bytes these are: the same tag, the same bytes for ever. Undefined: no ranges. */
  readonly tag: string | undefined;
  /** From `start` to `end`, both of them included. */
  readonly open: (start: number, end: number) => Promise<Readable>;
}

/** Sends all of it, or the one range that is asked for (RFC 9110 §14). `onFault` hears what broke it off on the way. */
export async function sendBytes(
  request: FastifyRequest,
  reply: FastifyReply,
  { size, filename, tag, open }: BytesAnswer,
  onFault: (error: unknown) => void,
): Promise<FastifyReply> {
  const range = tag === undefined ? undefined : wantedRange(request, size, tag);
  if (range === "unsatisfiable") {
    void reply.header("content-range", `bytes */${size}`);
    throw new RequestError("range_not_satisfiable", `there are ${size} bytes`);
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  void reply
    .type("application/octet-stream")
    .header("content-disposition", `attachment; filename="${filename}"`)
    .header("content-length", size === 0 ? 0 : end - start + 1);
  if (tag !== undefined) void reply.header("etag", `"${tag}"`).header("accept-ranges", "bytes");
  if (range !== undefined) void reply.code(206).header("content-range", `bytes ${start}-${end}/${size}`);
  if (size === 0) return reply.send("");
  const bytes = await open(start, end);
  return reply.send(bytes.once("error", (error) => reply.raw.headersSent && onFault(error)));
}

function wantedRange({ headers }: FastifyRequest, size: number, tag: string): ReturnType<typeof parseRange> {
  const condition = headers["if-range"];
  // A part of other bytes than the client has begun with is worse than all of these.
  if (condition !== undefined && condition !== `"${tag}"`) return undefined;
  return parseRange(headers.range, size);
}
