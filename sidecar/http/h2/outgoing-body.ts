import type { Http2Stream } from "node:http2";

import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { BodySink, BodySource } from "../exchange.ts";
import { atTurnEnd, type TurnEnd } from "../turn-end.ts";
import { WireError } from "../wire-error.ts";
import { toRecord } from "./header-record.ts";
import { ownerOf } from "./owned-stream.ts";
import { SMALL_PIECE, SmallPieces } from "./small-pieces.ts";

/** How the owner of a body hears what comes of it. */
export interface OutgoingListener {
  /** All of it, trailers included, has been handed to the stream, which may still have to send it. */
  bodySent(): void;
  /** Its source broke off. */
  bodyBroke(error: WireError): void;
}

/**
 * A body on its way into a stream's writable side. Bytes wait for the end of the turn, in which most bodies end: what is
 * written and ended at once leaves as one DATA frame with END_STREAM, where node makes an empty one of an end that comes
 * later. Small pieces behind others that wait are gathered, so that few wait whatever their length.
 */
export class OutgoingBody implements BodySink, TurnEnd {
  readonly #listener: OutgoingListener;
  #stream: Http2Stream | undefined;
  #source: BodySource | undefined;
  #trailers: HeaderBlock | undefined;
  /** What came while there was no stream to take it. */
  #held: Buffer | undefined;
  #small: SmallPieces | undefined;
  /** Writes of gathered pieces that wait in the stream: what comes meanwhile is gathered on. */
  #gathered = 0;
  #state: "flowing" | "blocked" | "ended" | "over" = "flowing";
  #touched = false;
  #corked = false;
  #mayHaveTrailers = true;
  #moved = false;
  #taken = 0;

  constructor(listener: OutgoingListener) {
    this.#listener = listener;
  }

  /** Pours `source` into `stream`, which was opened with `waitForTrailers` if the body may have some. */
  begin(stream: Http2Stream, source: BodySource, mayHaveTrailers: boolean): void {
    this.#mayHaveTrailers = mayHaveTrailers;
    this.moveTo(stream);
    this.#source = source;
    source.start(this);
  }

  /** Goes on with another stream; only as long as no byte was `touched`. */
  moveTo(stream: Http2Stream): void {
    this.#stream = stream;
    if (this.#mayHaveTrailers) stream.on("wantTrailers", wantTrailers);
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#goOn(held);
    if (this.#state === "ended") stream.end();
  }

  /** Bytes that its stream has taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Whether bytes of the body have been taken: they cannot be sent again. */
  get touched(): boolean {
    return this.#touched;
  }

  /** Whether the source has given all it had. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  chunk(bytes: Buffer): boolean {
    const stream = this.#stream;
    if (this.#state === "over") return false;
    if (stream === undefined || stream.destroyed || stream.closed) {
      this.#held = bytes;
      this.#state = "blocked";
      return false;
    }
    this.#touched = true;
    this.#moved = true;
    this.#taken += bytes.length;
    if (!this.#corked) this.#cork(stream);
    const isBehind = this.#small?.isEmpty === false;
    if (bytes.length < SMALL_PIECE && (isBehind || stream.writableLength > 0))
      return this.#gather(stream, bytes);
    if (isBehind) this.#writeGathered(stream);
    return this.#wrote(stream, stream.write(bytes));
  }

  end(trailers: HeaderBlock | undefined): void {
    if (this.#state === "over") return;
    const stream = this.#stream;
    if (stream !== undefined) this.#writeGathered(stream);
    this.#state = "ended";
    this.#source = undefined;
    this.#trailers = trailers;
    if (stream === undefined || stream.destroyed) return;
    stream.end();
    if (!this.#mayHaveTrailers) this.#listener.bodySent();
  }

  fail(error: WireError): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#source = undefined;
    this.#listener.bodyBroke(error);
  }

  /** Nobody takes it any more: the source is told, and nothing more is written. */
  cancel(reason: WireError): void {
    if (this.#state === "over") return;
    this.#state = "over";
    const source = this.#source;
    this.#source = undefined;
    source?.cancel(reason);
  }

  /** Whether bytes wait for a peer who does not read. */
  get stuck(): boolean {
    return this.#stream !== undefined && this.#stream.writableLength > 0;
  }

  /** Whether bytes have gone, or were taken, since this was last asked. */
  takeMoved(): boolean {
    const moved = this.#moved;
    this.#moved = false;
    return moved;
  }

  turnEnded(): void {
    this.#corked = false;
    const stream = this.#stream;
    if (stream === undefined) return;
    if (this.#gathered === 0) this.#writeGathered(stream);
    stream.uncork();
  }

  /** For the stream's listeners only. */
  drained(): void {
    this.#moved = true;
    if (this.#state !== "blocked") return;
    this.#state = "flowing";
    this.#source?.resume();
  }

  #goOn(held: Buffer): void {
    if (this.#state === "blocked") this.#state = "flowing";
    if (this.chunk(held)) this.#source?.resume();
  }

  #gather(stream: Http2Stream, bytes: Buffer): boolean {
    const small = (this.#small ??= new SmallPieces());
    if (!small.add(bytes)) {
      this.#writeGathered(stream);
      small.add(bytes);
    }
    return this.#state === "flowing";
  }

  #writeGathered(stream: Http2Stream): void {
    const small = this.#small;
    if (small === undefined || small.isEmpty || this.#state === "over" || stream.destroyed) return;
    this.#gathered++;
    const taken = (): void => {
      if (--this.#gathered === 0) this.#writeGathered(stream);
    };
    this.#wrote(stream, stream.write(small.take(), taken));
  }

  /** One listener however many writes were too much: a second one would resume a source that is blocked again. */
  #wrote(stream: Http2Stream, flowing: boolean): boolean {
    if (flowing) return true;
    if (this.#state !== "flowing") return false;
    stream.once("drain", drained);
    this.#state = "blocked";
    return false;
  }

  #cork(stream: Http2Stream): void {
    this.#corked = true;
    stream.cork();
    atTurnEnd(this);
  }

  /** For the stream's listeners only: the last byte has left, now trailers or a bare END_STREAM. */
  finish(stream: Http2Stream): void {
    try {
      stream.sendTrailers(this.#trailers === undefined ? {} : toRecord(this.#trailers));
    } catch (cause) {
      // A field that node does not let through. A message without its trailers must not look whole.
      this.#state = "over";
      this.#listener.bodyBroke(
        new WireError("upstream_invalid", "trailers that HTTP/2 cannot carry", { cause }),
      );
      return;
    }
    this.#listener.bodySent();
  }
}

function drained(this: Http2Stream): void {
  ownerOf(this)?.outgoing.drained();
}

function wantTrailers(this: Http2Stream): void {
  ownerOf(this)?.outgoing.finish(this);
}
