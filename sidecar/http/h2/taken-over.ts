import type { Http2Stream } from "node:http2";

import { ownerOf } from "./owned-stream.ts";

const CUT = Symbol("cut");

interface TakenStream extends Http2Stream {
  [CUT]?: boolean;
}

/**
 * Hands what arrives on a stream to its owner's body, past the Readable, which takes four turns for a body of one frame;
 * what the body does not take waits in the Readable.
 *
 * Makes `end` mean END_STREAM too. After RST_STREAM(NO_ERROR) node ends the readable side as if the message were whole;
 * all that tells the two apart is that the stream was marked closed before the end was pushed.
 */
export function takeOver(stream: Http2Stream): void {
  if (stream.closed) (stream as TakenStream)[CUT] = true;
  stream.push = pushed;
}

/** Whether the stream ended before its message had. */
export function wasCut(stream: TakenStream): boolean {
  return stream[CUT] === true || stream.aborted || (stream.rstCode ?? 0) !== 0;
}

/** Into the Readable, as node would. */
export function pushThrough(stream: Http2Stream, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  return Object.getPrototypeOf(stream).push.call(stream, chunk, encoding);
}

/** In place of the Readable's own; false stops node's reading until `_read`. */
function pushed(this: TakenStream, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  const body = ownerOf(this)?.incoming;
  if (chunk !== null && body?.direct === true) return body.deliver(chunk);
  if (chunk !== null && body?.gather(chunk) === true) return false;
  body?.pushGathered();
  if (chunk === null && this[CUT] === undefined) this[CUT] = this.closed || this.destroyed;
  const more = pushThrough(this, chunk, encoding);
  // Where nobody ever read from the Readable, it would wait for that with its `end`.
  if (chunk === null && body !== undefined) this.read(0);
  return more;
}
