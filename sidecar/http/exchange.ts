import type { AddedFields } from "../../core/headers/added-fields.ts";
import type { HeaderBlock } from "../../core/headers/header-block.ts";
import type { WireError } from "./wire-error.ts";

/**
 * The neutral HTTP types. h1/ and h2/ implement them on both sides, forwarding joins a server's exchange to a
 * client's call, and nobody else needs to know which protocol spoke. Everything here is callback based and
 * synchronous where it can be: an exchange that nobody delays makes no promise.
 */
export const PROTOCOLS = ["http/1.0", "http/1.1", "h2"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface RequestHead {
  readonly protocol: Protocol;
  readonly method: string;
  /** Origin form (`/path?query`) or `*`, raw as it came; for CONNECT empty. Never absolute: that was taken apart. */
  readonly target: string;
  /** Host and optional port: the Host field, `:authority`, or the authority of an absolute-form target. */
  readonly authority: string;
  /** All fields as they arrived, Host, Connection and framing included, pseudo-headers excluded. */
  readonly headers: HeaderBlock;
  /** A valid WebSocket upgrade (RFC 9110 §7.8): `body` carries the client's raw bytes once 101 was answered. */
  readonly upgrade: boolean;
  /** `Expect: 100-continue` was asked and `proceed` not yet called. */
  readonly expectsContinue: boolean;
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: HeaderBlock;
}

/**
 * A stream of body bytes with back-pressure, then perhaps trailers. Nothing is delivered before `start`, and nothing
 * after `cancel`. Deliveries may happen synchronously within `start` and `resume`.
 */
export interface BodySource {
  /** Bytes to come: 0 for no body (`start` ends at once), undefined when only the end tells (chunked, close). */
  readonly length: number | undefined;
  /** Once. */
  start(sink: BodySink): void;
  /** Goes on after `sink.chunk` returned false. Without effect while flowing. */
  resume(): void;
  /** The bytes are not wanted any more; the source tells its peer as its protocol can (close, RST_STREAM). */
  cancel(reason: WireError): void;
}

export interface BodySink {
  /** Takes the buffer over. False: deliver no more bytes until `resume`; `end` and `fail` may come all the same. */
  chunk(bytes: Buffer): boolean;
  /** The whole body has arrived; exactly one of `end` and `fail` comes, and nothing after it. */
  end(trailers: HeaderBlock | undefined): void;
  /** The body broke off: what was delivered must never be made to look whole. */
  fail(error: WireError): void;
}

/** A body that is there already: none, or what the sidecar itself answers. */
export type LocalBody = Buffer | undefined;

/** Where the bytes of an exchange came from. */
export interface Peer {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
}

/**
 * Hears how an exchange ends; of the two one is called, once. An object and no functions made for each exchange: V8
 * kept those, and all that they led to, until its next collection of the old generation (measured on Node 26).
 */
export interface ExchangeWatcher {
  /** The client is gone or broke the rules before the answer was complete. */
  aborted?(reason: WireError): void;
  /** The answer is complete and given to the kernel, trailers included. */
  finished?(): void;
}

/** One request at a listener. The one who handles it answers with `respond` or `abort`, exactly once. */
export interface ServerExchange {
  readonly head: RequestHead;
  readonly peer: Peer;
  readonly body: BodySource;
  /** Body bytes read from the client and given to it so far. */
  readonly received: number;
  readonly sent: number;
  /** Set by the handler. */
  watcher: ExchangeWatcher | undefined;
  /** Answers `Expect: 100-continue` with 100; without effect where none was asked. */
  proceed(): void;
  /** A 1xx other than 100 and 101, before the answer; ignored for HTTP/1.0. */
  inform(head: ResponseHead): void;
  /**
   * The final answer. `headers` must hold no hop-by-hop or framing fields: the wire writes Connection, Content-Length
   * and Transfer-Encoding itself, from the body. For HEAD and 304 the body has no bytes and its `length` is what is
   * announced. 101 turns both bodies into a raw pipe. Unread request bytes are dropped or the connection closed.
   */
  respond(head: ResponseHead, body: BodySource | LocalBody, options?: RespondOptions): void;
  /** Cuts the exchange without an answer: RST_STREAM with an error, or the connection closed. */
  abort(reason: WireError): void;
}

export interface RespondOptions {
  /** Close the connection after this answer (HTTP/1.1), e.g. while draining. Default false. */
  readonly close?: boolean;
}

/** What a listener does with each exchange. Must not throw. */
export type ExchangeHandler = (exchange: ServerExchange) => void;

/** What goes to an upstream; the wire adds Host or `:authority` and the framing. */
export interface UpstreamRequest {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  /** Without hop-by-hop and framing fields; `te: trailers` may stay, and Host, whose value the wire takes from `authority`. */
  readonly headers: HeaderBlock;
  /** Go behind them; none of their names is among them. Default none. */
  readonly added?: AddedFields;
  readonly upgrade: boolean;
  /** Send `Expect: 100-continue`'s body only after the sidecar answered it itself: never forwarded. */
  readonly body: BodySource;
}

/** How an upstream call comes back; after `failed` or the response body's end nothing more is called. */
export interface UpstreamListener {
  /** A 1xx except 100 and 101; any number. */
  informed(head: ResponseHead): void;
  /** Once. The body may go on flowing up while it flows down. 101 and 2xx to CONNECT: raw bytes both ways. */
  responded(head: ResponseHead, body: BodySource): void;
  /** No answer will come. Not called after `responded`: then the body's sink hears of it. */
  failed(error: WireError): void;
}

/** A call in flight. */
export interface UpstreamCall {
  /** The client is gone or the answer is not wanted. Silences the listener; does nothing once the call is over. */
  cancel(reason: WireError): void;
}

/** Sends requests to one endpoint over pooled connections. */
export interface Upstream {
  request(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall;
}
