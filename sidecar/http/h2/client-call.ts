import { constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { UpstreamCall, UpstreamListener, UpstreamRequest } from "../exchange.ts";
import { MOST_INFORMATION, type WireLimits } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import { headBytesOf } from "./head-bytes.ts";
import { IncomingBody } from "./incoming-body.ts";
import { mayHaveTrailers, requestMayHaveTrailers } from "./may-have-trailers.ts";
import type { Placed } from "./open-streams.ts";
import { OutgoingBody, type OutgoingListener } from "./outgoing-body.ts";
import { ownerOf, ownStream, type StreamOwner } from "./owned-stream.ts";
import { type Quiet, quietAfter } from "./quiet.ts";
import { appReset, resetCodeOf } from "./reset-codes.ts";
import { resetStream } from "./reset-stream.ts";

/** What a call needs of the session that carries it. */
export interface CallCarrier {
  /** The call's stream is closed: its place is free, unless the app turned it away and so has no more of them. */
  callClosed(call: ClientCall, turnedAway: boolean): void;
  /** Whether the peer said, by GOAWAY, that it never looked at this stream. */
  neverSaw(stream: ClientHttp2Stream): boolean;
  readonly limits: WireLimits;
  /** Whether the session itself is gone. */
  readonly lost: boolean;
  /** The error of ours for what a stream of the session ended with. */
  errorOf(thrown: unknown): WireError;
}

/** What a call needs of the pool it came from. */
export interface CallQueue {
  /** The call was refused without harm: it is to be sent once more, on another session. */
  again(call: ClientCall, refusedBy: CallCarrier | undefined): void;
  /** The call is not wanted any more, wherever it is. */
  withdrawn(call: ClientCall): void;
}

const NO_BODY = { endStream: true } as const;
const PLAIN_BODY = { endStream: false } as const;
const BODY_WITH_TRAILERS = { endStream: false, waitForTrailers: true } as const;

/** Methods that may be sent again after a connection was lost (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** Codes with which an app refuses a stream because it has enough of them on this session. */
const TURNED_AWAY: ReadonlySet<number> = new Set([
  constants.NGHTTP2_REFUSED_STREAM,
  constants.NGHTTP2_ENHANCE_YOUR_CALM,
]);

/** One request, from the line it waits in to the end of its answer. */
export class ClientCall implements UpstreamCall, StreamOwner, OutgoingListener, Placed {
  /** Among the calls of its session. */
  place = -1;
  readonly #request: UpstreamRequest;
  readonly #listener: UpstreamListener;
  readonly #queue: CallQueue;
  #carrier: CallCarrier | undefined;
  #stream: ClientHttp2Stream | undefined;
  #incoming: IncomingBody | undefined;
  /** Made when the body is poured; most requests have none. */
  #outgoing: OutgoingBody | undefined;
  #state: "waiting" | "sent" | "responded" | "over" = "waiting";
  #retried = false;
  #information = 0;
  #quiet: Quiet;
  #cause: Error | undefined;

  constructor(request: UpstreamRequest, listener: UpstreamListener, queue: CallQueue) {
    this.#request = request;
    this.#listener = listener;
    this.#queue = queue;
  }

  /** Set as soon as the answer's head is there, and only asked for by listeners that are put on then. */
  get incoming(): IncomingBody {
    if (this.#incoming === undefined) throw new TypeError("no answer has come yet");
    return this.#incoming;
  }

  /** Only asked for by listeners of a stream into which a body is poured. */
  get outgoing(): OutgoingBody {
    if (this.#outgoing === undefined) throw new TypeError("the request has no body");
    return this.#outgoing;
  }

  /** Opens a stream on a session that is ready and has room. */
  send(session: ClientHttp2Session, carrier: CallCarrier): void {
    const { body, headers } = this.#request;
    const empty = body.length === 0;
    const trailers = !empty && requestMayHaveTrailers(headers, body.length);
    const options = empty ? NO_BODY : trailers ? BODY_WITH_TRAILERS : PLAIN_BODY;
    const fields = requestFields(this.#request);
    const stream = session.request(fields, options);
    // The stream keeps the list, and what it leads to, for nothing.
    fields.length = 0;
    this.#carrier = carrier;
    this.#stream = stream;
    this.#state = "sent";
    this.#quiet = undefined;
    stream.on("error", broken);
    ownStream(stream, this);
    stream.on("response", responded);
    stream.on("headers", informed);
    if (!empty) this.#pour(stream, trailers);
  }

  #pour(stream: ClientHttp2Stream, trailers: boolean): void {
    if (this.#outgoing !== undefined) return this.#outgoing.moveTo(stream);
    this.#outgoing = new OutgoingBody(this);
    this.#outgoing.begin(stream, this.#request.body, trailers);
  }

  cancel(reason: WireError): void {
    if (this.#state === "over") return;
    const waiting = this.#state === "waiting";
    this.#end(reason);
    if (waiting) this.#queue.withdrawn(this);
  }

  /** No session can be had. */
  fail(error: WireError): void {
    if (this.#state === "over") return;
    const hadAnswer = this.#state === "responded";
    this.#end(error);
    if (hadAnswer) this.#incoming?.fail(error);
    else this.#listener.failed(error);
  }

  bodySent(): void {}

  bodyBroke(error: WireError): void {
    this.fail(error);
  }

  /** For the stream's listeners only: what the stream is about to be closed with. */
  broken(error: Error): void {
    this.#cause = error;
  }

  /** For the stream's listeners only: a 1xx. */
  informed(status: number, flat: readonly string[]): void {
    if (this.#state !== "sent") return;
    if (++this.#information > MOST_INFORMATION)
      return this.fail(new WireError("upstream_invalid", `more than ${MOST_INFORMATION} heads of 1xx`));
    if (status === 100 || status === 101 || this.#tooLarge(flat)) return;
    this.#quiet = undefined;
    this.#listener.informed({ status, headers: HeaderBlock.fromFields(flat.slice(2)) });
  }

  /** For the stream's listeners only. */
  responded(stream: ClientHttp2Stream, status: number, endStream: boolean, flat: readonly string[]): void {
    if (this.#state !== "sent") return;
    if (!(status >= 200)) return this.fail(new WireError("upstream_invalid", `${status} ended the answer`));
    if (this.#tooLarge(flat)) return this.fail(new WireError("upstream_invalid", "the head is too large"));
    const headers = HeaderBlock.fromFields(flat.slice(2));
    const announced = headers.get("content-length");
    if (announced !== undefined && !Number.isSafeInteger(Number(announced)))
      return this.fail(new WireError("upstream_invalid", "a Content-Length that no number holds"));
    this.#state = "responded";
    this.#quiet = undefined;
    const bodyless = this.#request.method === "HEAD" || status === 204 || status === 304;
    const length = endStream && !bodyless ? 0 : announced === undefined ? undefined : Number(announced);
    const empty = endStream || bodyless;
    const trailers = !empty && mayHaveTrailers(headers, length) ? (this.#carrier?.limits.headFields ?? 0) : 0;
    // What says that it has no bytes, and does not end with its head, has trailers.
    const known = length === 0 && trailers > 0 ? undefined : length;
    const incoming = new IncomingBody(stream, known, empty, trailers, this);
    this.#incoming = incoming;
    this.#listener.responded({ status, headers }, incoming);
    if (!empty) return;
    if (!endStream) incoming.discard();
    this.#answerEnded(stream);
  }

  incomingEnded(): void {
    if (this.#stream !== undefined && this.#incoming?.complete === true) this.#answerEnded(this.#stream);
  }

  tooManyTrailers(): void {
    this.fail(new WireError("upstream_invalid", "the answer has too many trailers"));
  }

  streamClosed(code: number): void {
    const carrier = this.#carrier;
    const stream = this.#stream;
    if (this.#state === "sent" && stream !== undefined) this.#unanswered(code, stream);
    else if (this.#state === "responded") {
      this.#state = "over";
      // An error costs its stack: none is made where everything went well.
      if (this.#incoming?.complete !== true || !this.#sent) {
        const error = this.#lost(code, "in the middle of its answer");
        this.#incoming?.fail(error);
        this.#outgoing?.cancel(error);
      }
    }
    carrier?.callClosed(this, TURNED_AWAY.has(code));
    if (this.#state === "waiting") this.#queue.again(this, carrier);
  }

  /** `elapsed` ms have gone by. */
  sweep(elapsed: number, limits: WireLimits): void {
    const went = this.#outgoing?.takeMoved() === true;
    const came = this.#incoming?.takeMoved() === true;
    const answering = this.#state === "responded";
    const waiting =
      this.#outgoing?.stuck === true || (answering ? this.#incoming?.awaited === true : this.#sent);
    this.#quiet = quietAfter(this.#quiet, elapsed, waiting, went || came);
    const limit = answering ? limits.bodyIdle : limits.response;
    if (limit === 0 || (this.#quiet ?? 0) < limit) return;
    const code = answering ? "upstream_body_timeout" : "upstream_timeout";
    this.fail(new WireError(code, `nothing came from the upstream for ${limit} ms`));
  }

  /** The answer is whole: what is left of the request is not wanted. */
  #answerEnded(stream: ClientHttp2Stream): void {
    if (this.#sent) return;
    this.#outgoing?.cancel(new WireError("cancelled", "the answer was complete before the request"));
    resetStream(stream, constants.NGHTTP2_CANCEL);
  }

  /** Whether all of the request is with the stream. */
  get #sent(): boolean {
    return this.#request.body.length === 0 || this.#outgoing?.ended === true;
  }

  /**
   * As lines of HTTP/1.1. node enforces the limit that we announce only on streams that were opened after the app
   * acknowledged it.
   */
  #tooLarge(flat: readonly string[]): boolean {
    return headBytesOf(flat) > (this.#carrier?.limits.headBytes ?? 0);
  }

  #unanswered(code: number, stream: ClientHttp2Stream): void {
    // An app that has too much on this session may have room on another one: whose calls fill it up is not to decide
    // about everybody's.
    const elsewhere = code === constants.NGHTTP2_ENHANCE_YOUR_CALM || this.#carrier?.lost === true;
    const unseen = code === constants.NGHTTP2_REFUSED_STREAM || this.#carrier?.neverSaw(stream) === true;
    const repeatable = elsewhere && IDEMPOTENT.has(this.#request.method);
    const harmless = (unseen || repeatable) && this.#outgoing?.touched !== true;
    if (harmless && !this.#retried) {
      this.#retried = true;
      this.#state = "waiting";
      this.#stream = undefined;
      return;
    }
    this.fail(this.#lost(code, "before it answered", harmless));
  }

  #lost(code: number, when: string, retryable = false): WireError {
    if (this.#carrier?.lost !== true) return appReset(code, when, retryable);
    const { code: kind, message } = this.#carrier.errorOf(this.#cause);
    const early = kind === "upstream_reset" && this.#state === "over";
    const cause = this.#cause;
    return new WireError(early ? "upstream_closed_early" : kind, `${message} ${when}`, { retryable, cause });
  }

  #end(reason: WireError): void {
    this.#state = "over";
    if (this.#outgoing !== undefined) this.#outgoing.cancel(reason);
    else if (this.#request.body.length !== 0) this.#request.body.cancel(reason);
    if (this.#stream !== undefined) resetStream(this.#stream, resetCodeOf(reason.code));
  }
}

function requestFields(request: UpstreamRequest): string[] {
  const { method, authority, target, headers, added, body } = request;
  const pseudo =
    method === "CONNECT"
      ? [":method", method, ":authority", authority]
      : [":method", method, ":authority", authority, ":scheme", "http", ":path", target];
  const fields = withoutHost(headers).toFlat(pseudo);
  // Not spread: that costs a microsecond.
  if (added !== undefined) for (const text of added.flat) fields.push(text);
  if (body.length !== undefined && body.length > 0) fields.push("content-length", String(body.length));
  return fields;
}

/** `:authority` speaks for it. */
function withoutHost(headers: HeaderBlock): HeaderBlock {
  return headers.indexOf("host") < 0 ? headers : headers.filter((index) => !headers.is(index, "host"));
}

/** `close` follows. */
function broken(this: ClientHttp2Stream, error: Error): void {
  const call = ownerOf(this);
  if (call instanceof ClientCall) call.broken(error);
}

function statusOf(headers: Record<string, unknown>): number {
  return Number(headers[":status"]);
}

function responded(
  this: ClientHttp2Stream,
  headers: Record<string, unknown>,
  flags: number,
  flat?: readonly string[],
): void {
  const call = ownerOf(this);
  const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
  if (call instanceof ClientCall) call.responded(this, statusOf(headers), endStream, flat ?? []);
}

function informed(
  this: ClientHttp2Stream,
  headers: Record<string, unknown>,
  _flags: number,
  flat?: readonly string[],
): void {
  const call = ownerOf(this);
  if (call instanceof ClientCall) call.informed(statusOf(headers), flat ?? []);
}
