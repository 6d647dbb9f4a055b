import type { Socket } from "node:net";

import type { ExchangeHandler, Peer } from "../exchange.ts";
import type { InFlight } from "../in-flight.ts";
import type { WireLimits } from "../limits.ts";
import { answeredRefusal, type RefusalListener } from "../refused-message.ts";
import { WireError } from "../wire-error.ts";
import type { DateLine } from "./date-line.ts";
import type { Deadlines } from "../deadlines.ts";
import { type BodyOwner, type IncomingBody, NO_BODY_SOURCE, requestBody } from "./incoming-body.ts";
import type { Intake } from "./intake.ts";
import { sendLastAnswer } from "./last-answer.ts";
import { lendReads } from "./lent-reads.ts";
import type { ParsedRequest } from "./message.ts";
import { RequestReader } from "./request-reader.ts";
import type { Sender } from "./sender.ts";
import { type ExchangeConnection, H1Exchange } from "./server-exchange.ts";
import { Transport, type TransportOwner } from "./transport.ts";

export interface ServerConnectionOptions {
  readonly handler: ExchangeHandler;
  readonly limits: WireLimits;
  readonly deadlines: Deadlines;
  /** Counts exchanges; beyond its limit they are answered 503. */
  readonly inFlight?: InFlight;
  /** Puts a Date into answers that have none; without it they pass as they are. */
  readonly dateLine?: DateLine;
  /** Hears what was refused before the handler saw it. */
  readonly onRefused?: RefusalListener | undefined;
  /** The socket is closed and nothing of the connection is left. Once. */
  readonly onClose?: (connection: ServerConnection) => void;
}

/** Bytes of a request body that are read and dropped so that the connection can be kept for the next request. */
const DROPPED_TO_KEEP = 64 * 1024;

/** Made once: an error costs its stack, and clients leave all the time. */
const CLIENT_CLOSED = new WireError("client_gone", "the client closed the connection");

/** What is being read; README.md has the table of states. */
type Reading = "head" | "body" | "whole" | "tunnel" | "lingering" | "closed";

/**
 * The server's end of one HTTP/1.1 connection: reads requests one at a time as their answers are due, hands each to
 * the handler as an exchange, and writes what it answers. What breaks the rules is refused before the handler sees it.
 * Its owner uses `accept`, `refuse`, `drain` and `destroy`; the other methods are for its own parts.
 */
export class ServerConnection implements ExchangeConnection, BodyOwner, TransportOwner {
  readonly dateLine: DateLine | undefined;
  readonly #transport: Transport;
  readonly #options: ServerConnectionOptions;
  readonly #limits: WireLimits;
  readonly #heads: RequestReader;
  #reading: Reading = "head";
  #headBegun = false;
  #served = false;
  #draining = false;
  #dropped = 0;
  /** The exchange under way and the body of its request, where it has one. */
  #exchange: H1Exchange | undefined;
  #body: IncomingBody | undefined;

  constructor(socket: Socket, options: ServerConnectionOptions) {
    const { limits, deadlines } = options;
    this.#options = options;
    this.dateLine = options.dateLine;
    this.#limits = limits;
    this.#heads = new RequestReader(limits);
    this.#transport = new Transport(socket, this, limits, deadlines);
    // A client that has said all it wants to say still gets its answer.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
  }

  /** Begins to read; `first` is what was read from the socket already. */
  accept(first: Buffer | undefined): void {
    const { intake, socket, deadline } = this.#transport;
    this.#transport.listen();
    const lends = lendReads(socket, (lent) => intake.lend(lent));
    if (!lends) socket.on("data", (chunk: Buffer) => intake.push(chunk));
    deadline.arm(this.#limits.firstByte);
    if (first !== undefined) intake.push(first);
    if (!intake.holding) socket.resume();
  }

  /** Answers with what the error means, in place of whatever was to come, and closes. To be called after `accept`. */
  refuse(error: WireError): void {
    if (this.#reading === "closed" || this.#reading === "lingering") return;
    this.#options.onRefused?.(answeredRefusal(this.peer, error));
    this.#answerLast(error);
  }

  /** Finishes what is under way with `Connection: close`; an idle connection closes at once. */
  drain(): void {
    this.#draining = true;
    if (this.#reading === "head" && !this.#headBegun) this.#shut();
  }

  /** Closes at once; what is under way is aborted. */
  destroy(): void {
    this.cut(new WireError("draining", "the connection was closed by its owner"));
  }

  // === ExchangeConnection ===

  get sender(): Sender {
    return this.#transport.sender;
  }

  get peer(): Peer {
    return this.#transport.peer;
  }

  get keepable(): boolean {
    if (this.#draining || this.#limits.keepAlive === 0) return false;
    if (this.#transport.intake.exhausted || this.#reading === "lingering") return false;
    const body = this.#body;
    return this.#reading !== "body" || body === undefined || body.attached || body.left <= DROPPED_TO_KEEP;
  }

  exchangeEnded(): void {
    this.#options.inFlight?.leave();
  }

  tunnelOpened(): void {
    if (this.#reading === "closed") return;
    this.#reading = "tunnel";
    this.#transport.probeIdle();
    const { intake } = this.#transport;
    // That the client has closed was heard before there was a tunnel to end.
    if (intake.exhausted) this.#body?.complete();
    else intake.wake();
  }

  cut(reason: WireError): void {
    if (this.#reading === "closed") return;
    const exchange = this.#exchange;
    const body = this.#body;
    this.#linger();
    this.#reading = "closed";
    // A reset is the only way to tell a client of HTTP/1.0, or behind a tunnel, that this was not the end.
    const answer = this.#transport.close(exchange?.endsByClose === true && !exchange.answered);
    exchange?.giveUp(reason);
    body?.fail(reason);
    answer?.cancel(reason);
  }

  // === IntakeReader ===

  step(intake: Intake): boolean {
    switch (this.#reading) {
      case "head":
        this.#readHead(intake);
        return true;
      case "body":
      case "tunnel":
        return this.#readBody(intake);
      case "whole":
        return false;
      case "lingering":
        // Closing with bytes unread would reset the client, which may send all it has before it reads our answer.
        intake.at = intake.chunk.length;
        return true;
      case "closed":
    }
    intake.drop();
    return false;
  }

  ended(): void {
    switch (this.#reading) {
      case "head":
        if (this.#headBegun) this.refuse(new WireError("bad_request", "the client closed within a head"));
        else this.#shut();
        break;
      case "body":
        this.#failRequest(new WireError("client_gone", "the client closed within a body"));
        break;
      case "tunnel":
        this.#body?.complete();
        break;
      case "whole":
      case "lingering":
      case "closed":
        break;
    }
  }

  // === BodyOwner ===

  bodyWanted(body: IncomingBody): void {
    if (body !== this.#body || this.#reading === "whole") return;
    if (this.#reading === "body") this.#transport.watchIdle();
    this.#transport.feed(body);
  }

  bodyUnwanted(body: IncomingBody, reason: WireError): void {
    if (body !== this.#body) return;
    if (this.#reading === "tunnel") this.cut(reason);
    else this.bodyWanted(body);
  }

  bodyComplete(body: IncomingBody): void {
    if (body !== this.#body) return;
    if (this.#reading === "tunnel") {
      if (this.#transport.sender.busy) this.#transport.watchIdle();
      return;
    }
    this.#reading = "whole";
    this.#transport.deadline.disarm();
    if (this.#exchange?.answered === true) this.#next();
  }

  bodyIllegal(body: IncomingBody, error: WireError): void {
    if (body === this.#body) this.#failRequest(error);
  }

  // === SenderOwner ===

  messageSent(): void {
    const exchange = this.#exchange;
    exchange?.finish();
    if (exchange !== undefined && this.#reading === "tunnel") {
      this.#transport.socket.end();
      this.#transport.watchIdle();
    } else if (exchange?.keep !== true || this.#reading === "lingering") {
      this.#shut();
    } else if (this.#reading === "whole") {
      this.#next();
    } else {
      this.#answeredEarly();
    }
  }

  messageBroken(error: WireError): void {
    this.cut(error);
  }

  // === what is read ===

  #readHead(intake: Intake): void {
    const read = this.#heads.read(intake.chunk, intake.at);
    switch (read.kind) {
      case "more":
        intake.at = intake.chunk.length;
        if (this.#headBegun) return;
        this.#headBegun = true;
        this.#transport.deadline.arm(this.#limits.head);
        return;
      case "refused":
        intake.drop();
        this.refuse(read.error);
        return;
      case "head":
        intake.at = read.next;
        this.#begin(read.parsed);
    }
  }

  #begin({ head, framing, keepAlive }: ParsedRequest): void {
    this.#transport.deadline.disarm();
    this.#headBegun = false;
    this.#served = true;
    this.#dropped = 0;
    const body = requestBody(this, head, framing, this.#limits);
    this.#body = body;
    this.#reading = body === undefined || framing.kind === "none" ? "whole" : "body";
    const exchange = new H1Exchange(this, head, body ?? NO_BODY_SOURCE, keepAlive);
    this.#exchange = exchange;
    const { handler, inFlight } = this.#options;
    if (inFlight === undefined || inFlight.enter()) return handler(exchange);
    this.#options.onRefused?.(answeredRefusal(this.peer, inFlight.full, head));
    exchange.refuse(inFlight.full.code);
  }

  #readBody(intake: Intake): boolean {
    const body = this.#body;
    if (body === undefined || !body.readable) return false;
    this.#transport.bodyMoves(this.#reading === "tunnel");
    if (!body.discarding) {
      body.step(intake);
      return true;
    }
    const before = intake.at;
    body.step(intake);
    this.#dropped += intake.at - before;
    if (this.#dropped > DROPPED_TO_KEEP && body === this.#body && this.#reading === "body")
      this.#stopKeeping();
    return true;
  }

  /** The rest of the request is too long to be read for the sake of the connection. */
  #stopKeeping(): void {
    if (this.#exchange?.answered === true) {
      this.#shut();
      return;
    }
    this.#reading = "lingering";
    this.#transport.deadline.disarm();
  }

  // === how exchanges and the connection end ===

  /** The answer came before the request was read. Who takes the rest goes on; what nobody takes is dropped. */
  #answeredEarly(): void {
    const body = this.#body;
    if (body === undefined || body.attached || body.discarding) return;
    body.discard();
    this.bodyWanted(body);
  }

  #next(): void {
    this.#exchange = undefined;
    this.#body = undefined;
    this.#reading = "head";
    if (this.#draining || this.#transport.intake.exhausted) {
      this.#shut();
      return;
    }
    this.#transport.deadline.arm(this.#limits.keepAlive);
    this.#transport.intake.wake();
  }

  /** What the client did makes its request unusable. */
  #failRequest(error: WireError): void {
    const exchange = this.#exchange;
    const body = this.#body;
    if (exchange?.awaited !== true || error.code === "client_gone") return this.cut(error);
    exchange.giveUp(error);
    body?.fail(error);
    this.#answerLast(error);
  }

  #answerLast(error: WireError): void {
    this.#linger();
    sendLastAnswer(this.sender, error, this.dateLine);
  }

  /** Nothing more is read for anybody; an answer that is under way is still sent. */
  #linger(): void {
    this.#reading = "lingering";
    this.#exchange = undefined;
    this.#body = undefined;
    this.#transport.deadline.disarm();
  }

  /** Everything was said. The client may read it before the connection is gone (RFC 9112 §9.6). */
  #shut(): void {
    const body = this.#body;
    this.#linger();
    body?.fail(CLIENT_CLOSED);
    this.#transport.socket.end();
    this.#transport.deadline.arm(this.#limits.linger);
    this.#transport.intake.wake();
  }

  // === the socket and the clock ===

  broke(cause: Error): void {
    this.cut(new WireError("client_gone", cause.message, { cause }));
  }

  closed(): void {
    this.cut(CLIENT_CLOSED);
    this.#options.onClose?.(this);
  }

  expired(): void {
    switch (this.#reading) {
      case "head":
        if (this.#served && !this.#headBegun) this.#shut();
        else this.refuse(new WireError("request_timeout", "the head did not come in time"));
        break;
      case "body":
        // While nobody takes the body the client is not to blame, nor while it is being answered.
        if (this.#body?.readable !== true) break;
        if (this.#transport.sentMeanwhile) this.#transport.watchIdle();
        else this.#failRequest(new WireError("body_timeout", "the body stalled"));
        break;
      case "tunnel":
        if (this.#transport.sentMeanwhile) this.#transport.watchIdle();
        else this.cut(new WireError("body_timeout", "a half-closed tunnel was idle"));
        break;
      case "lingering":
        this.cut(CLIENT_CLOSED);
        break;
      case "whole":
      case "closed":
        break;
    }
  }

  stalled(): void {
    this.cut(new WireError("client_too_slow", "the client did not read its answer"));
  }
}
