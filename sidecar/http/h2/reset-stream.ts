import { constants, type ClientHttp2Stream, type ServerHttp2Stream } from "node:http2";
import { addAbortSignal, Readable } from "node:stream";

/** node resets a stream with CANCEL when it is destroyed with its own kind of abort error, which it does not export. */
const CANCELLED = abortError();
const FAILED = new Error("the stream was reset");

/**
 * Resets a stream whose message is not complete. Two flaws of node:http2 forbid `stream.close(code)`, both kept by
 * tests: it ends the body before it resets it, so that half a message looks whole; and within a callback of the
 * session it aborts the process where the stream was opened with `waitForTrailers` (an assertion in
 * `Http2Stream::OnTrailers`, as in nodejs/node#41458). So the stream is destroyed, in a turn of its own. A destroyed
 * stream knows two codes only: CANCEL, and INTERNAL_ERROR for all others.
 */
export function resetStream(stream: ServerHttp2Stream | ClientHttp2Stream, code: number): void {
  setImmediate(resetNow, stream, code);
}

function resetNow(stream: ServerHttp2Stream | ClientHttp2Stream, code: number): void {
  if (stream.destroyed) return;
  // Its peer has closed it already: what is left is on our side only.
  if (stream.closed) return void stream.destroy();
  // Before an answer's head nothing can be ended, and the code can say what was wrong.
  if ("headersSent" in stream && !stream.headersSent) stream.close(code);
  else stream.destroy(code === constants.NGHTTP2_CANCEL ? CANCELLED : FAILED);
}

function abortError(): Error {
  const readable = new Readable();
  readable.on("error", () => {});
  addAbortSignal(AbortSignal.abort(), readable);
  return readable.errored ?? FAILED;
}
