import { CARRIAGE_RETURN, LINE_FEED } from "../../../core/headers/field-syntax.ts";
import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { WireLimits } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import { ChunkSizeLine } from "./chunk-size.ts";
import { type Fault, illegalByte, MORE } from "./scan.ts";
import { TrailerReader } from "./trailer-reader.ts";

/** What reading on came to. `next` is where in the buffer to read on, or where what follows the body begins. */
export type ChunkedRead =
  | { readonly kind: "more" }
  /** A slice of the buffer that was given: never empty, part of a chunk or all of it. */
  | { readonly kind: "data"; readonly bytes: Buffer; readonly next: number }
  | { readonly kind: "end"; readonly trailers: HeaderBlock | undefined; readonly next: number }
  | { readonly kind: "refused"; readonly error: WireError };

/** Who sends the body, and so whose fault it is if it is malformed. */
export type ChunkedSide = "request" | "response";

const SIZE_LINE = 0;
const DATA = 1;
const DATA_CR = 2;
const DATA_LF = 3;
const TRAILERS = 4;
const ENDED = 5;

const NEEDS_MORE = { kind: "more" } as const;

/**
 * Reads one chunked body (RFC 9112 §7.1) from buffers split wherever they may be; one reader for one body. Each call
 * gives one step, so that who calls may stop behind any of them:
 *
 *     let read = reader.read(chunk, 0);
 *     while (read.kind === "data") { deliver(read.bytes); read = reader.read(chunk, read.next); }
 */
export class ChunkedReader {
  readonly #side: ChunkedSide;
  readonly #size: ChunkSizeLine;
  readonly #limits: WireLimits;
  #trailers: TrailerReader | undefined;
  #state = SIZE_LINE;
  /** Bytes of the present chunk still to come. */
  #left = 0;

  constructor(limits: WireLimits, side: ChunkedSide) {
    this.#side = side;
    this.#limits = limits;
    this.#size = new ChunkSizeLine(limits.chunkExtensionBytes);
  }

  read(buffer: Buffer, from: number): ChunkedRead {
    let at = from;
    while (at < buffer.length) {
      switch (this.#state) {
        case SIZE_LINE:
          at = this.#size.scan(buffer, at);
          if (at === MORE) return NEEDS_MORE;
          if (at < 0) return this.#refused(this.#size.fault);
          this.#startChunk(this.#size.size);
          break;
        case DATA:
          return this.#data(buffer, at);
        case DATA_CR:
        case DATA_LF:
          if (buffer[at] !== (this.#state === DATA_CR ? CARRIAGE_RETURN : LINE_FEED))
            return this.#refused(illegalByte(buffer, at, "behind a chunk"));
          this.#state = this.#state === DATA_CR ? DATA_LF : SIZE_LINE;
          at++;
          break;
        case TRAILERS:
          return this.#readTrailers(buffer, at);
        default:
          return { kind: "end", trailers: undefined, next: at };
      }
    }
    return NEEDS_MORE;
  }

  #startChunk(size: number): void {
    this.#size.reset();
    this.#left = size;
    this.#state = size === 0 ? TRAILERS : DATA;
  }

  #data(buffer: Buffer, at: number): ChunkedRead {
    const next = Math.min(buffer.length, at + this.#left);
    this.#left -= next - at;
    if (this.#left === 0) this.#state = DATA_CR;
    return { kind: "data", bytes: buffer.subarray(at, next), next };
  }

  #readTrailers(buffer: Buffer, at: number): ChunkedRead {
    // Nearly every body ends without trailers, most of them in one piece: nothing is made for those.
    if (this.#trailers === undefined && buffer[at] === CARRIAGE_RETURN && buffer[at + 1] === LINE_FEED)
      return this.#end(undefined, at + 2);
    this.#trailers ??= new TrailerReader(this.#limits);
    const next = this.#trailers.read(buffer, at);
    if (next === MORE) return NEEDS_MORE;
    return next < 0 ? this.#refused(this.#trailers.fault) : this.#end(this.#trailers.block, next);
  }

  #end(trailers: HeaderBlock | undefined, next: number): ChunkedRead {
    this.#state = ENDED;
    return { kind: "end", trailers, next };
  }

  #refused(fault: Fault | undefined): ChunkedRead {
    const code = this.#side === "request" ? (fault?.code ?? "bad_request") : "upstream_invalid";
    return { kind: "refused", error: new WireError(code, fault?.detail ?? "") };
  }
}
