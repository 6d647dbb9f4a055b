import { constants, type ServerHttp2Stream } from "node:http2";

import { errorAnswer } from "../answers.ts";
import type {
  ExchangeWatcher,
  BodySink,
  BodySource,
  LocalBody,
  Peer,
  RequestHead,
  ResponseHead,
  ServerExchange,
} from "../exchange.ts";
import { grpcAnswer, isGrpc } from "../grpc-answer.ts";
import { WireError, type WireErrorCode } from "../wire-error.ts";
import { toRecord } from "./header-record.ts";
import type { IncomingBody } from "./incoming-body.ts";
import { mayHaveTrailers } from "./may-have-trailers.ts";
import type { Placed } from "./open-streams.ts";
import { OutgoingBody, type OutgoingListener } from "./outgoing-body.ts";
import { ownStream, type StreamOwner } from "./owned-stream.ts";
import { type Quiet, quietAfter } from "./quiet.ts";
import { breaksRules, clientReset, resetCodeOf } from "./reset-codes.ts";
import { resetStream } from "./reset-stream.ts";

/** Whose streams they are. */
export interface ExchangeOwner {
  /** Why this side cut the connection; undefined: it did not. */
  readonly cut: WireError | undefined;
  /** The exchange's stream is closed, in whatever way; `broken`: for a broken rule, whoever says so of whom. Once. */
  exchangeClosed(exchange: H2ServerExchange, broken: boolean): void;
}

/** node adds a Date where an answer has none, as RFC 9110 §6.6.1 wants of whoever passes it on. */
const NO_BODY = { endStream: true } as const;
const PLAIN_BODY = { endStream: false } as const;
const BODY_WITH_TRAILERS = { endStream: false, waitForTrailers: true } as const;

/** One stream of a client. */
export class H2ServerExchange implements ServerExchange, StreamOwner, OutgoingListener, Placed {
  /** Among the exchanges of its session. */
  place = -1;
  readonly head: RequestHead;
  readonly peer: Peer;
  readonly incoming: IncomingBody;
  readonly outgoing: OutgoingBody;
  watcher: ExchangeWatcher | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #owner: ExchangeOwner;
  #state: "open" | "answering" | "answered" | "over" = "open";
  #awaitsContinue: boolean;
  #localBytes = 0;
  #quiet: Quiet;
  #closedBefore = false;

  constructor(
    stream: ServerHttp2Stream,
    head: RequestHead,
    incoming: IncomingBody,
    peer: Peer,
    owner: ExchangeOwner,
  ) {
    this.#stream = stream;
    this.head = head;
    this.incoming = incoming;
    this.outgoing = new OutgoingBody(this);
    this.peer = peer;
    this.#owner = owner;
    this.#awaitsContinue = head.expectsContinue;
    ownStream(stream, this);
  }

  get body(): BodySource {
    return this.incoming;
  }

  get received(): number {
    return this.incoming.received;
  }

  get sent(): number {
    return this.outgoing.taken + this.#localBytes;
  }

  proceed(): void {
    if (!this.#awaitsContinue || this.#isDeaf()) return;
    this.#awaitsContinue = false;
    this.#stream.additionalHeaders({ ":status": constants.HTTP_STATUS_CONTINUE });
  }

  inform(head: ResponseHead): void {
    if (this.#isDeaf() || this.#state !== "open") return;
    try {
      this.#stream.additionalHeaders({ ":status": head.status, ...toRecord(head.headers) });
    } catch {
      // A field that node does not let through: a 1xx may be left out (RFC 9110 §15.2).
    }
  }

  respond(head: ResponseHead, body: BodySource | LocalBody): void {
    if (this.#state !== "open" || this.#isDeaf()) {
      if (isSource(body)) body.cancel(new WireError("client_gone", "the client is gone"));
      return;
    }
    this.#state = "answering";
    try {
      this.#send(head, body);
    } catch (error) {
      // A status or a field that HTTP/2 cannot carry: node says which, and nothing has been sent.
      const reason = new WireError("upstream_invalid", "the answer cannot be sent over HTTP/2", {
        cause: error,
      });
      if (isSource(body)) body.cancel(reason);
      this.breakOff(reason);
    }
  }

  /** Answers with what the error means to this client. */
  refuse(code: WireErrorCode): void {
    const { grpcStatus, head, body } = errorAnswer(code);
    if (isGrpc(this.head)) this.respond(grpcAnswer(grpcStatus, code, head.headers), undefined);
    else this.respond(head, body);
  }

  abort(reason: WireError): void {
    if (this.#state === "over") return;
    this.#silence();
    this.#cut(reason);
  }

  /** Cuts the exchange and tells the handler why: a deadline has passed, or the body of the answer broke off. */
  breakOff(reason: WireError): void {
    if (this.#state === "over") return;
    const { watcher } = this;
    this.#silence();
    watcher?.aborted?.(reason);
    this.#cut(reason);
  }

  bodySent(): void {
    this.#answered();
  }

  bodyBroke(error: WireError): void {
    this.breakOff(error);
  }

  incomingEnded(): void {}

  tooManyTrailers(): void {
    this.breakOff(new WireError("header_too_large", "the request has too many trailers"));
  }

  streamClosed(code: number): void {
    const { watcher } = this;
    const answered = this.#state === "answered" && code === constants.NGHTTP2_NO_ERROR;
    if (this.#state !== "over") {
      this.#silence();
      if (answered) {
        this.incoming.fail(NOT_WANTED);
        watcher?.finished?.();
      } else this.#lost(this.#owner.cut ?? clientReset(code), watcher);
    }
    this.#owner.exchangeClosed(this, breaksRules(code));
  }

  /** `elapsed` ms have gone by; `limit` is how long a body may stand still while nothing moves the other way either. */
  sweep(elapsed: number, limit: number): void {
    if (this.#stream.closed) return this.#bury();
    const came = this.incoming.takeMoved();
    const went = this.outgoing.takeMoved();
    // Or all was given to node, and still the stream is open.
    const stuck = this.#stream.writableLength > 0 || this.outgoing.ended || this.#state === "answered";
    const waiting = stuck || this.incoming.awaited;
    this.#quiet = quietAfter(this.#quiet, elapsed, waiting, came || went);
    if ((this.#quiet ?? 0) < limit) return;
    if (stuck) this.breakOff(new WireError("client_too_slow", `the client has read nothing for ${limit} ms`));
    else this.#requestStalled(limit);
  }

  /**
   * A stream that its client closed cleanly waits for somebody to read what has come of the request. Here nobody may
   * ever do so, and node tells us nothing: one that stays closed from one look to the next is destroyed.
   */
  #bury(): void {
    if (this.#closedBefore) this.#stream.destroy();
    this.#closedBefore = true;
  }

  /** The handler is told, and the client answered where nothing was answered yet. */
  #requestStalled(limit: number): void {
    const error = new WireError("body_timeout", `no byte of the request's body for ${limit} ms`);
    if (this.#state !== "open") return this.breakOff(error);
    const { watcher } = this;
    this.watcher = undefined;
    watcher?.aborted?.(error);
    this.incoming.fail(error);
    this.refuse(error.code);
  }

  #send(head: ResponseHead, body: BodySource | LocalBody): void {
    const fields = responseFields(head, body, this.head.method);
    if (!hasBody(head.status, body, this.head.method)) this.#respondEmpty(fields, body);
    else if (isSource(body)) this.#respondStreaming(fields, body, mayHaveTrailers(head.headers, body.length));
    else this.#respondLocal(fields, body);
  }

  #respondEmpty(fields: string[], body: BodySource | LocalBody): void {
    this.#stream.respond(fields, NO_BODY);
    this.#answered();
    // It has no bytes, but its connection is free for others only once it was started.
    if (isSource(body)) body.start(NOBODY);
  }

  #respondLocal(fields: string[], body: Buffer): void {
    this.#localBytes = body.length;
    this.#stream.respond(fields, PLAIN_BODY);
    this.#stream.end(body);
    this.#answered();
  }

  #respondStreaming(fields: string[], body: BodySource, trailers: boolean): void {
    this.#stream.respond(fields, trailers ? BODY_WITH_TRAILERS : PLAIN_BODY);
    fields.length = 0;
    this.outgoing.begin(this.#stream, body, trailers);
  }

  /**
   * The answer is complete as far as we are concerned. A request that is still coming is not wanted any more: node
   * sends RST_STREAM(NO_ERROR) as soon as the answer has left (RFC 9113 §8.1).
   */
  #answered(): void {
    if (this.#state === "over") return;
    this.#state = "answered";
    if (!this.incoming.complete) setImmediate(endRequest, this.#stream, this.incoming);
  }

  #isDeaf(): boolean {
    return this.#state === "over" || this.#stream.destroyed || this.#stream.closed;
  }

  #silence(): void {
    this.#state = "over";
    this.watcher = undefined;
  }

  #lost(reason: WireError, watcher: ExchangeWatcher | undefined): void {
    watcher?.aborted?.(reason);
    this.incoming.fail(reason);
    this.outgoing.cancel(reason);
  }

  #cut(reason: WireError): void {
    this.incoming.fail(reason);
    this.outgoing.cancel(reason);
    resetStream(this.#stream, resetCodeOf(reason.code));
  }
}

/** Made once: an error costs its stack, and this is no news. */
const NOT_WANTED = new WireError("cancelled", "the answer was complete before the request");

/** Takes what has no bytes. */
const NOBODY: BodySink = { chunk: () => true, end: () => {}, fail: () => {} };

/** In a turn of its own: trailers leave in the one before. Not before the answer has left: a reset would cut it. */
function endRequest(stream: ServerHttp2Stream, incoming: IncomingBody): void {
  if (stream.destroyed) return;
  if (!stream.writableFinished && !stream.closed) {
    stream.once("finish", () => endRequest(stream, incoming));
    return;
  }
  // Who was taking it, an app that answered early, waits for the rest.
  incoming.fail(NOT_WANTED);
  stream.close(constants.NGHTTP2_NO_ERROR);
  incoming.discard();
}

/** Statuses whose answers have no body whatever they say (RFC 9110 §15). */
function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

function isSource(body: BodySource | LocalBody): body is BodySource {
  return body !== undefined && !Buffer.isBuffer(body);
}

function hasBody(status: number, body: BodySource | LocalBody, method: string): body is BodySource | Buffer {
  return body !== undefined && body.length !== 0 && method !== "HEAD" && !isBodyless(status);
}

/** Content-Length stands for what is sent; where nothing is (HEAD, 304), for what would be. */
function responseFields(head: ResponseHead, body: BodySource | LocalBody, method: string): string[] {
  const fields = head.headers.toFlat([":status", String(head.status)]);
  if (body?.length === undefined || head.status === 204 || head.status === 205) return fields;
  if (body.length > 0 || method === "HEAD") fields.push("content-length", String(body.length));
  return fields;
}
