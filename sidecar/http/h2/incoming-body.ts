import type { Http2Stream } from "node:http2";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { isForbiddenTrailer, isSmugglingTrailer } from "../../../core/headers/trailer-rules.ts";
import type { BodySink, BodySource } from "../exchange.ts";
import type { WireError } from "../wire-error.ts";
import { ownerOf } from "./owned-stream.ts";
import { SMALL_PIECE, SmallPieces } from "./small-pieces.ts";
import { pushThrough, takeOver, wasCut } from "./taken-over.ts";

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
  readonly #mostTrailers: number;
  readonly #canceller: Canceller | undefined;
  #sink: BodySink | undefined;
  #trailers: HeaderBlock | undefined;
  #failure: WireError | undefined;
  #received = 0;
  #complete: boolean;
  #state: "waiting" | "flowing" | "paused" | "over" = "waiting";
  #moved = false;
  /** Whether bytes came in the Readable's way: before anybody wanted them, or while nobody might have them. */
  #readable = false;
  /** Behind what waits in the Readable. */
  #small: SmallPieces | undefined;

  /**
   * `empty`: the head has ended the message, whatever `length` announces (answers to HEAD, 304). `trailers`: how many
   * fields of them may come; 0: what comes is dropped. `canceller`: where cancelling does more than not reading on.
   */
  constructor(
    stream: Http2Stream,
    length: number | undefined,
    empty: boolean,
    trailers: number,
    canceller?: Canceller,
  ) {
    this.#stream = stream;
    this.length = length;
    this.#mostTrailers = trailers;
    this.#canceller = canceller;
    this.#complete = empty;
    // Both may come before anybody starts the body: node ends a stream without bytes although nobody reads it.
    if (!empty) stream.on("end", ended);
    if (!empty) takeOver(stream);
    if (trailers > 0) stream.on("trailers", trailersArrived);
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
    this.pushGathered();
    if (this.#stream.readableLength > 0) this.#readThrough();
    // Begins to read, and lets out an end that has come already.
    else this.#stream.read(0);
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "flowing";
    this.#moved = true;
    this.pushGathered();
    if (this.#readable) this.#stream.resume();
    else if (this.#stream.readableLength > 0) this.#readThrough();
    // The Readable knows nothing of what was taken past it, and would not read on.
    else if (!this.#stream.destroyed) this.#stream._read(0);
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
    this.pushGathered();
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

  /** For the stream's listeners only: whether bytes are delivered as they come. */
  get direct(): boolean {
    return this.#state === "flowing" && !this.#readable;
  }

  /** For the stream's listeners only; false once no more are wanted. */
  deliver(bytes: Buffer): boolean {
    if (this.#sink === undefined) return false;
    this.#moved = true;
    this.#received += bytes.length;
    if (this.#sink.chunk(bytes) || this.#state !== "flowing") return true;
    this.#state = "paused";
    if (this.#readable) this.#stream.pause();
    return false;
  }

  /** For the stream's listeners only: keeps a small piece that would wait behind others; false: it goes there itself. */
  gather(piece: Buffer): boolean {
    const waits = this.#state !== "flowing" && !this.#stream.readableFlowing;
    if (!waits || piece.length >= SMALL_PIECE || this.#stream.readableLength === 0) return false;
    const small = (this.#small ??= new SmallPieces());
    if (small.add(piece)) return true;
    this.pushGathered();
    return small.add(piece);
  }

  /** For the stream's listeners only: what was gathered waits where the rest does, before anything comes behind it. */
  pushGathered(): void {
    const small = this.#small;
    if (small === undefined || small.isEmpty || this.#stream.destroyed) return;
    pushThrough(this.#stream, small.take());
  }

  /** For the stream's listeners only; false: there are more than may come. */
  trailers(headers: HeaderBlock): boolean {
    if (headers.size > this.#mostTrailers) return false;
    this.#trailers = withoutUnfit(headers);
    return true;
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

  #readThrough(): void {
    this.#readable = true;
    this.#stream.on("data", arrived);
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

function arrived(this: Http2Stream, bytes: Buffer): void {
  ownerOf(this)?.incoming.deliver(bytes);
}

function ended(this: Http2Stream): void {
  const owner = ownerOf(this);
  owner?.incoming.ended();
  owner?.incomingEnded();
}

function trailersArrived(this: Http2Stream, _headers: unknown, _flags: number, flat?: string[]): void {
  const owner = ownerOf(this);
  if (owner?.incoming.trailers(HeaderBlock.fromFields(flat ?? [])) === false) owner.tooManyTrailers();
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
