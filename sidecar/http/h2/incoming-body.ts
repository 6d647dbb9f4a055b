import type { Http2Stream } from "node:http2";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { isForbiddenTrailer, isSmugglingTrailer } from "../../../core/headers/trailer-rules.ts";
import type { BodySink, BodySource } from "../exchange.ts";
import type { WireError } from "../wire-error.ts";
import { ownerOf } from "./owned-stream.ts";

/** Who hears that nobody wants the body any more. */
interface Canceller {
  cancel(reason: WireError): void;
}

/**
 * A stream's readable side as a body. node:http2 opens the stream's flow-control window only while the stream flows,
 * so a sink that takes nothing stops its peer; at most one window of bytes waits here.
 */
export class IncomingBody implements BodySource {
  readonly length: number | undefined;
  readonly #stream: Http2Stream;
  readonly #canceller: Canceller | undefined;
  #sink: BodySink | undefined;
  #trailers: HeaderBlock | undefined;
  #failure: WireError | undefined;
  #received = 0;
  #complete: boolean;
  #state: "waiting" | "flowing" | "paused" | "over" = "waiting";
  #moved = false;

  /**
   * `empty`: the head has ended the message, whatever `length` announces (answers to HEAD, 304). `trailers`: whether
   * some may come; others are dropped. `canceller`: where cancelling does more than not reading on.
   */
  constructor(
    stream: Http2Stream,
    length: number | undefined,
    empty: boolean,
    trailers: boolean,
    canceller?: Canceller,
  ) {
    this.#stream = stream;
    this.length = length;
    this.#canceller = canceller;
    this.#complete = empty;
    // Both may come before anybody starts the body: node ends a stream without bytes although nobody reads it.
    if (!empty) stream.on("end", ended);
    if (trailers) stream.on("trailers", trailersArrived);
  }

  start(sink: BodySink): void {
    if (this.#failure !== undefined) {
      sink.fail(this.#failure);
      return;
    }
    if (this.#state === "over") return;
    if (this.#complete || this.length === 0) {
      this.#state = "over";
      sink.end(this.#trailers);
      return;
    }
    this.#sink = sink;
    this.#state = "flowing";
    this.#stream.on("data", arrived);
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "flowing";
    this.#moved = true;
    this.#stream.resume();
  }

  cancel(reason: WireError): void {
    if (this.#state === "over") return;
    this.#settle();
    this.#stream.pause();
    this.#canceller?.cancel(reason);
  }

  /** Whether the peer has sent the whole message, and nothing of it waits here. */
  get complete(): boolean {
    return this.#complete;
  }

  /** The stream has ended before the body had: tells the sink, now or when it is started. */
  fail(error: WireError): void {
    if (this.#state === "over") return;
    const sink = this.#settle();
    this.#failure = error;
    sink?.fail(error);
  }

  /** Lets the rest go by unread, so that the stream can end. */
  discard(): void {
    this.#settle();
    if (!this.#stream.destroyed) this.#stream.resume();
  }

  /** Bytes that its sink was given. */
  get received(): number {
    return this.#received;
  }

  /** Whether the peer keeps a willing sink waiting. */
  get awaited(): boolean {
    return this.#state === "flowing";
  }

  /** Whether bytes have come since this was last asked. */
  takeMoved(): boolean {
    const moved = this.#moved;
    this.#moved = false;
    return moved;
  }

  /** For the stream's listeners only. */
  deliver(bytes: Buffer): void {
    if (this.#sink === undefined) return;
    this.#moved = true;
    this.#received += bytes.length;
    if (this.#sink.chunk(bytes) || this.#state !== "flowing") return;
    this.#state = "paused";
    this.#stream.pause();
  }

  /** For the stream's listeners only. */
  trailers(headers: HeaderBlock): void {
    this.#trailers = headers;
  }

  /**
   * For the stream's listeners only. node emits `end` after a reset with NO_ERROR too, which must not look like the
   * end of the body: `close` follows, and fails it.
   */
  ended(): void {
    if (this.#isCut()) return;
    this.#complete = true;
    if (this.#state !== "waiting") this.#settle()?.end(this.#trailers);
  }

  #isCut(): boolean {
    return this.length === undefined ? wasCut(this.#stream) : this.#received < this.length;
  }

  #settle(): BodySink | undefined {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#state = "over";
    return sink;
  }
}

const CUT = Symbol("cut");

interface GuardedStream extends Http2Stream {
  [CUT]?: boolean;
}

/**
 * Makes `end` mean END_STREAM. After RST_STREAM(NO_ERROR) node ends the readable side as if the message were whole;
 * all that tells the two apart is that the stream was marked closed before the end was pushed.
 */
export function guardAgainstCut(stream: Http2Stream): void {
  if (stream.closed) (stream as GuardedStream)[CUT] = true;
  stream.push = pushGuarded;
}

function pushGuarded(this: GuardedStream, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null && this[CUT] === undefined) this[CUT] = this.closed || this.destroyed;
  return Object.getPrototypeOf(this).push.call(this, chunk, encoding);
}

function wasCut(stream: GuardedStream): boolean {
  return stream[CUT] === true || stream.aborted || (stream.rstCode ?? 0) !== 0;
}

function arrived(this: Http2Stream, bytes: Buffer): void {
  ownerOf(this)?.incoming.deliver(bytes);
}

function ended(this: Http2Stream): void {
  const owner = ownerOf(this);
  owner?.incoming.ended();
  owner?.incomingEnded();
}

function trailersArrived(this: Http2Stream, _headers: unknown, _flags: number, flat?: string[]): void {
  const trailers = HeaderBlock.fromFields(flat ?? []);
  ownerOf(this)?.incoming.trailers(withoutUnfit(trailers));
}

/** Without fields that must not stand behind a body; the same block where there are none, as nearly always. */
function withoutUnfit(trailers: HeaderBlock): HeaderBlock {
  for (let index = 0; index < trailers.size; index++)
    if (isUnfit(trailers, index)) return trailers.filter((each) => !isUnfit(trailers, each));
  return trailers;
}

function isUnfit(trailers: HeaderBlock, index: number): boolean {
  return isSmugglingTrailer(trailers, index) || isForbiddenTrailer(trailers, index);
}
