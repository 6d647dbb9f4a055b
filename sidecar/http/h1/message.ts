import type { RequestHead, ResponseHead } from "../exchange.ts";
import type { WireError } from "../wire-error.ts";

/** How long a body is, by RFC 9112 §6.3; decided in one place, framing.ts. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  /** Responses only: the end of the connection ends the body. */
  | { readonly kind: "close" }
  /** After 101, or 2xx to CONNECT: raw bytes until either side closes. */
  | { readonly kind: "tunnel" };

export interface ParsedRequest {
  readonly head: RequestHead;
  readonly framing: Framing;
  /** Whether the client lets the connection live on after this exchange. */
  readonly keepAlive: boolean;
}

export interface ParsedResponse {
  readonly head: ResponseHead;
  readonly framing: Framing;
  readonly keepAlive: boolean;
  /** The Content-Length that HEAD and 304 announce of a body that does not come. */
  readonly announced: number | undefined;
  /** What the app says of its own idle timeout (`Keep-Alive: timeout=5`), ms. */
  readonly keepAliveHint: number | undefined;
}

/** What reading a head came to. `next` is where in the chunk the bytes behind the head begin. */
export type HeadRead<Parsed> =
  | { readonly kind: "more" }
  | { readonly kind: "head"; readonly parsed: Parsed; readonly next: number }
  | { readonly kind: "refused"; readonly error: WireError };

/**
 * Reads one kind of head from a connection's chunks, split wherever they may be. Between heads it holds nothing.
 * After `refused` the connection is of no use any more.
 */
export interface HeadReader<Parsed> {
  read(chunk: Buffer, at: number): HeadRead<Parsed>;
  /** Whether part of a head has been read. */
  readonly started: boolean;
}
