import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";

import type { Clock } from "../../../core/clock.ts";
import { errorAnswer } from "../answers.ts";
import type { ExchangeHandler, Peer } from "../exchange.ts";
import type { Deadline, Deadlines } from "../deadlines.ts";
import type { InFlight } from "../in-flight.ts";
import type { WireLimits } from "../limits.ts";
import { answeredRefusal, type RefusalListener } from "../refused-message.ts";
import { WireError } from "../wire-error.ts";
import { FloodGuard } from "./flood-guard.ts";
import { IncomingBody } from "./incoming-body.ts";
import { mayHaveTrailers } from "./may-have-trailers.ts";
import { OpenStreams } from "./open-streams.ts";
import { LOOK_AFTER } from "./quiet.ts";
import { readRequestHead } from "./request-head.ts";
import { resetCodeOf } from "./reset-codes.ts";
import { resetStream } from "./reset-stream.ts";
import { H2ServerExchange, type ExchangeOwner } from "./server-exchange.ts";
import { closeGracefully, stayAtGoodbye } from "./goodbye.ts";
import { brokenRule, tellPeerWhatWasWrong } from "./session-errors.ts";
import { serverSessionOptions } from "./session-options.ts";

export interface ServerSessionContext {
  readonly handler: ExchangeHandler;
  readonly limits: WireLimits;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  /** Beyond it exchanges are answered 503. */
  readonly inFlight: InFlight;
  /** Hears what was refused before the handler saw it. */
  readonly onRefused?: RefusalListener | undefined;
  readonly onClose: (session: ServerSession) => void;
}

/** One client's HTTP/2 connection (prior knowledge, RFC 9113 §3.3). */
export class ServerSession implements ExchangeOwner {
  readonly #socket: Socket;
  readonly #context: ServerSessionContext;
  readonly #session: ServerHttp2Session;
  readonly #exchanges = new OpenStreams<H2ServerExchange>();
  readonly #peer: Peer;
  readonly #deadline: Deadline;
  readonly #settling: Deadline;
  readonly #guard: FloodGuard;
  #state: "open" | "draining" | "closing" | "closed" = "open";
  #cut: WireError | undefined;
  /** The client has said goodbye: the connection ends with what is under way. */
  #parting = false;

  /** Takes the socket over; `first` is what has been read of it. */
  constructor(socket: Socket, first: Buffer, context: ServerSessionContext) {
    this.#socket = socket;
    this.#context = context;
    this.#guard = new FloodGuard(context.clock);
    this.#deadline = context.deadlines.deadline(() => this.#tick());
    this.#settling = context.deadlines.deadline(() => this.#unsettled());
    this.#peer = {
      remoteAddress: socket.remoteAddress ?? "",
      remotePort: socket.remotePort ?? 0,
      localPort: socket.localPort ?? 0,
    };
    // The session reads what it finds in the socket's buffer before anything else.
    socket.pause();
    socket.unshift(first);
    this.#session = performServerHandshake(socket, serverSessionOptions(context.limits));
    tellPeerWhatWasWrong(this.#session);
    stayAtGoodbye(this.#session);
    this.#listen();
    this.#deadline.arm(context.limits.keepAlive);
    this.#settling.arm(context.limits.head);
  }

  /** Exchanges under way. */
  get active(): number {
    return this.#exchanges.size;
  }

  /** GOAWAY: streams that are open go on, new ones are refused, and the connection closes with the last of them. */
  drain(): void {
    if (this.#state !== "open") return;
    this.#state = "draining";
    closeGracefully(this.#session);
    if (this.#exchanges.size === 0) this.#close();
  }

  get cut(): WireError | undefined {
    return this.#cut;
  }

  /** At once: open exchanges are aborted. */
  destroy(): void {
    this.#cut ??= new WireError("draining", "the connection was closed by its owner");
    this.#destroy();
  }

  #destroy(): void {
    if (this.#state === "closed") return;
    // Without an error, node resets open streams with NO_ERROR, which looks as if all were well.
    if (this.#exchanges.size === 0) this.#session.destroy();
    else this.#session.destroy(new WireError("draining", "the connection is cut"), constants.NGHTTP2_CANCEL);
    this.#socket.destroy();
  }

  exchangeClosed(exchange: H2ServerExchange, broken: boolean): void {
    // A reset that the client provoked costs it nothing (CVE-2025-8671).
    if (broken) this.#admit();
    this.#exchanges.delete(exchange);
    this.#context.inFlight.leave();
    if (this.#exchanges.size > 0) return;
    if (this.#state === "draining") this.#close();
    else if (this.#parting) this.drain();
    else this.#deadline.arm(this.#context.limits.keepAlive);
  }

  #listen(): void {
    const session = this.#session;
    session.on("stream", (stream, _headers, flags, flat) => this.#begin(stream, flags, flat));
    session.on("error", (error: Error) => this.#broke(error));
    session.on("localSettings", () => this.#settling.disarm());
    session.on("goaway", () => this.#part());
    session.on("ping", () => this.#admit());
    session.on("remoteSettings", () => this.#admit());
    // Unlike HTTP/1.1, nobody speaks HTTP/2 with half a connection: a client that closes its side is gone.
    this.#socket.on("end", () => this.#destroy());
    this.#socket.on("close", () => this.#closed());
  }

  #part(): void {
    this.#parting = true;
    if (this.#exchanges.size === 0) this.drain();
  }

  #begin(stream: ServerHttp2Stream, flags: number, flat: readonly string[]): void {
    // Streams may be reset in the bytes that opened them; their errors still come, and must find somebody.
    stream.on("error", ignore);
    if (stream.destroyed) return;
    const { limits, inFlight, handler } = this.#context;
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const read = readRequestHead(flat, endStream, limits);
    if (read.kind === "refused") {
      this.#tellRefused(read.error, refuse(stream, read.error));
      if (read.error.code === "bad_request") this.#admit();
      return;
    }
    const { head, length } = read;
    const trailers = !endStream && mayHaveTrailers(head.headers, length) ? limits.headFields : 0;
    const incoming = new IncomingBody(stream, length, endStream, trailers);
    const exchange = new H2ServerExchange(stream, head, incoming, this.#peer, this);
    this.#exchanges.add(exchange);
    if (this.#exchanges.size === 1) this.#deadline.arm(LOOK_AFTER);
    if (inFlight.enter()) handler(exchange);
    else this.#refuseFull(exchange);
  }

  #refuseFull(exchange: H2ServerExchange): void {
    const { full } = this.#context.inFlight;
    this.#context.onRefused?.(answeredRefusal(this.#peer, full, exchange.head));
    exchange.refuse(full.code);
  }

  /** The whole connection, for it broke the rules of HTTP/2; `closed` follows. */
  #broke(error: Error): void {
    const refused = brokenRule(error);
    if (refused !== undefined) this.#tellRefused(refused, 0);
  }

  /** Without a head. */
  #tellRefused(error: WireError, status: number): void {
    this.#context.onRefused?.({ peer: this.#peer, protocol: "h2", head: undefined, error, status });
  }

  #admit(): void {
    if (this.#guard.admit() || this.#session.destroyed) return;
    const error = new WireError("bad_request", "too many frames that ask for nothing but an answer");
    this.#tellRefused(error, 0);
    this.#session.destroy(error, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  /** Our limits hold only once the client has acknowledged them (RFC 9113 §6.5.3). */
  #unsettled(): void {
    const error = new WireError("request_timeout", "our SETTINGS were not acknowledged in time");
    this.#tellRefused(error, 0);
    this.#session.destroy(error, constants.NGHTTP2_SETTINGS_TIMEOUT);
  }

  #tick(): void {
    if (this.#state === "closing") {
      this.#socket.destroy();
    } else if (this.#exchanges.size === 0) {
      this.drain();
    } else {
      this.#deadline.arm(LOOK_AFTER);
      const { limits, deadlines } = this.#context;
      this.#exchanges.forEach((exchange) => exchange.sweep(deadlines.periodOf(LOOK_AFTER), limits.bodyIdle));
    }
  }

  /** node ends the socket after the last stream; a client that then does not close its side is not waited for. */
  #close(): void {
    this.#state = "closing";
    this.#deadline.arm(this.#context.limits.linger);
  }

  #closed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#deadline.disarm();
    this.#settling.disarm();
    this.#session.destroy();
    this.#context.onClose(this);
  }
}

/** What went wrong is seen elsewhere: `close` follows. */
function ignore(): void {}

/** Malformed requests are reset (RFC 9113 §8.1.1); those that are only too long are told so. The status; 0: none. */
function refuse(stream: ServerHttp2Stream, error: WireError): number {
  if (error.code === "bad_request") {
    resetStream(stream, resetCodeOf(error.code));
    return 0;
  }
  const { head, body } = errorAnswer(error.code);
  stream.respond(head.headers.toFlat([":status", String(head.status)]));
  stream.end(body);
  stream.resume();
  return head.status;
}
