import type { Http2Stream } from "node:http2";

import type { IncomingBody } from "./incoming-body.ts";
import type { OutgoingBody } from "./outgoing-body.ts";

const OWNER = Symbol("owner");

/** What one HTTP/2 stream belongs to: an exchange of the server, a call of the client. */
export interface StreamOwner {
  readonly incoming: IncomingBody;
  readonly outgoing: OutgoingBody;
  /** The readable side has ended; `incoming` knows whether the message was whole. */
  incomingEnded(): void;
  /** More of them have come than may: the message is not to be taken. */
  tooManyTrailers(): void;
  /** The stream is over, in whatever way; `code` is its RST_STREAM code, 0 when nobody reset it. Once. */
  streamClosed(code: number): void;
}

interface OwnedStream extends Http2Stream {
  [OWNER]?: StreamOwner | undefined;
}

/**
 * Binds a stream to its owner. The owner hangs on the stream itself, so that all streams share their listeners: a
 * request makes no closure.
 */
export function ownStream(stream: Http2Stream, owner: StreamOwner): void {
  (stream as OwnedStream)[OWNER] = owner;
  stream.on("close", closed);
}

/** Within a listener: whose stream this is; undefined once it is closed. */
export function ownerOf(stream: Http2Stream): StreamOwner | undefined {
  return (stream as OwnedStream)[OWNER];
}

function closed(this: Http2Stream): void {
  const owner = ownerOf(this);
  // What is left of the stream in node's own tables leads to nothing of ours.
  (this as OwnedStream)[OWNER] = undefined;
  owner?.streamClosed(this.rstCode ?? 0);
}
