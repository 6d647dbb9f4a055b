import { messageOf } from "../../../core/errors.ts";
import type { BodySource, ResponseHead, UpstreamRequest } from "../exchange.ts";
import { MOST_INFORMATION, type WireLimits } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import type { Deadlines } from "../deadlines.ts";
import { connectErrorCode, connectTo, type Endpoint } from "./endpoint.ts";
import { NO_BODY, TUNNEL } from "./framing.ts";
import { requestHeadText } from "./head-writer.ts";
import { AnnouncedBody, type BodyOwner, IncomingBody, NO_BODY_SOURCE } from "./incoming-body.ts";
import type { Intake } from "./intake.ts";
import { hearLastWords } from "./last-words.ts";
import type { ParsedResponse } from "./message.ts";
import { outgoingRequestFraming } from "./outgoing-framing.ts";
import { ResponseReader } from "./response-reader.ts";
import { Transport, type TransportOwner } from "./transport.ts";

/** One request on its way over a connection. Of `unanswered`, `failed` and `responded` one comes. */
export interface ClientCall {
  readonly request: UpstreamRequest;
  /** The request's body, as this connection is to start it. */
  readonly body: BodySource;
  informed(head: ResponseHead): void;
  responded(head: ResponseHead, body: BodySource): void;
  /** The connection is lost before a byte of an answer; `sent`: the app may have seen something of the request. */
  unanswered(detail: string, cause: unknown, sent: boolean): void;
  failed(error: WireError): void;
}

export interface ClientConnectionOwner {
  /** The answer is complete and the connection may be used again. */
  connectionFree(connection: ClientConnection): void;
  /** Told before the call that it carried is: nothing of the connection is left. Once. */
  connectionClosed(connection: ClientConnection): void;
}

export interface ClientConnectionOptions {
  readonly endpoint: Endpoint;
  readonly limits: WireLimits;
  readonly deadlines: Deadlines;
  readonly owner: ClientConnectionOwner;
}

/** The longest time before its announced end at which a kept connection is given up, ms. */
const HINT_MARGIN = 1_000;

/** What is being read; README.md has the table of states. */
type Reading = "connecting" | "idle" | "head" | "body" | "tunnel" | "answered" | "closed";

/** Our end of one HTTP/1.1 connection to an app: carries one call after the other. */
export class ClientConnection implements BodyOwner, TransportOwner {
  readonly #owner: ClientConnectionOwner;
  readonly #limits: WireLimits;
  readonly #deadlines: Deadlines;
  readonly #heads: ResponseReader;
  readonly #transport: Transport;
  #reading: Reading = "connecting";
  #call: ClientCall | undefined;
  #body: IncomingBody | undefined;
  #information = 0;
  #keep = false;
  #idleFor = 0;
  #idleUntil = 0;

  /** Connects, and sends `call` as soon as that is done. */
  constructor(options: ClientConnectionOptions, call: ClientCall) {
    const { limits, deadlines } = options;
    this.#owner = options.owner;
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#call = call;
    this.#heads = new ResponseReader(limits);
    const socket = connectTo(options.endpoint, limits, (lent) => this.#transport.intake.lend(lent));
    hearLastWords(socket);
    this.#transport = new Transport(socket, this, limits, deadlines);
    this.#transport.listen();
    this.#transport.deadline.arm(limits.connect);
    socket.on("connect", () => this.#connected());
  }

  /** Whether the time in which the app is sure to keep an idle connection is not over yet. */
  get fresh(): boolean {
    return this.#reading === "idle" && this.#deadlines.now() < this.#idleUntil;
  }

  /** Sends a request; the connection must be free. */
  send(call: ClientCall): void {
    const { request } = call;
    this.#call = call;
    this.#reading = "head";
    this.#information = 0;
    this.#transport.deadline.disarm();
    this.#heads.expect(request);
    if (request.upgrade || request.method === "CONNECT") {
      this.#transport.sender.sendWhole(requestHeadText(request, NO_BODY), undefined);
      return;
    }
    const framing = outgoingRequestFraming(request.method, request.body.length);
    const head = requestHeadText(request, framing);
    if (request.body.length === 0) this.#transport.sender.sendWhole(head, undefined);
    else this.#transport.sender.sendStream(head, framing, call.body);
  }

  /** The call's answer is not wanted any more: the app hears of it by losing the connection. Nobody is called back. */
  abandon(call: ClientCall, reason: WireError): void {
    if (call !== this.#call) return;
    this.#call = undefined;
    this.#body?.discard();
    this.#close(reason);
  }

  /** Closes; a call under way fails with `reason`. */
  close(reason: WireError): void {
    this.#close(reason);
  }

  // === IntakeReader ===

  step(intake: Intake): boolean {
    switch (this.#reading) {
      case "head":
        if (this.#transport.sender.begun) this.#readHead(intake);
        // An answer to what the app cannot have seen is none (RFC 9112 §9.2).
        else this.#lost("bytes behind the answer", undefined);
        return true;
      case "body":
      case "tunnel":
        return this.#readBody(intake);
      case "idle":
      case "answered":
        // Nobody asked: whatever this is, it must not become the answer to the next request.
        this.#close(new WireError("upstream_invalid", "bytes behind the answer"));
        return false;
      case "connecting":
      case "closed":
    }
    intake.drop();
    return false;
  }

  ended(): void {
    switch (this.#reading) {
      case "head":
        this.#lost("the app closed the connection", undefined);
        break;
      case "body":
        if (this.#body?.endsByClose === true) this.#body.complete();
        else
          this.#close(
            new WireError("upstream_closed_early", "the app closed the connection within its answer"),
          );
        break;
      case "tunnel":
        this.#body?.complete();
        break;
      case "connecting":
      case "idle":
      case "answered":
      case "closed":
        this.#close(new WireError("upstream_reset", "the app closed the connection"));
    }
  }

  // === BodyOwner ===

  bodyWanted(body: IncomingBody): void {
    if (body !== this.#body) return;
    if (this.#reading === "body") this.#transport.watchIdle();
    this.#transport.feed(body);
  }

  bodyUnwanted(body: IncomingBody, reason: WireError): void {
    if (body === this.#body) this.#close(reason);
  }

  bodyComplete(body: IncomingBody): void {
    if (body !== this.#body) return;
    if (this.#reading !== "tunnel") this.#answerComplete();
    else if (this.#transport.sender.busy) this.#transport.watchIdle();
  }

  bodyIllegal(body: IncomingBody, error: WireError): void {
    if (body === this.#body) this.#close(error);
  }

  // === SenderOwner ===

  messageSent(): void {
    switch (this.#reading) {
      case "head":
        this.#transport.deadline.arm(this.#limits.response);
        break;
      case "answered":
        this.#settle();
        break;
      case "tunnel":
        this.#transport.socket.end();
        this.#transport.watchIdle();
        break;
      case "connecting":
      case "idle":
      case "body":
      case "closed":
        break;
    }
  }

  messageBroken(error: WireError): void {
    this.#close(error);
  }

  // === what is read ===

  #readHead(intake: Intake): void {
    const read = this.#heads.read(intake.chunk, intake.at);
    switch (read.kind) {
      case "more":
        intake.at = intake.chunk.length;
        return;
      case "refused":
        this.#close(read.error);
        return;
      case "head":
        intake.at = read.next;
        if (read.parsed.head.status < 200 && read.parsed.head.status !== 101) this.#inform(read.parsed.head);
        else this.#begin(read.parsed);
    }
  }

  #inform(head: ResponseHead): void {
    this.#information++;
    if (this.#information > MOST_INFORMATION)
      this.#close(new WireError("upstream_invalid", `more than ${MOST_INFORMATION} heads of 1xx`));
    // 100 is between us and the app: the client's expectation was met long ago.
    else if (head.status !== 100) this.#call?.informed(head);
  }

  #begin(parsed: ParsedResponse): void {
    const call = this.#call;
    const { head, framing } = parsed;
    if (call === undefined) return;
    this.#keep = parsed.keepAlive;
    this.#idleFor = idleTime(this.#limits.upstreamIdle, parsed.keepAliveHint);
    this.#transport.deadline.disarm();
    if (framing.kind === "none" || (framing.kind === "length" && framing.length === 0)) {
      const bodiless = call.request.method === "HEAD" || head.status === 304;
      this.#answerComplete();
      call.responded(head, bodiless ? new AnnouncedBody(parsed.announced) : NO_BODY_SOURCE);
      return;
    }
    const body = new IncomingBody(this, framing, this.#limits, "response");
    this.#body = body;
    this.#reading = framing.kind === "tunnel" ? "tunnel" : "body";
    call.responded(head, body);
    if (framing.kind !== "tunnel" || body !== this.#body) return;
    this.#transport.probeIdle();
    this.#transport.sender.sendStream("", TUNNEL, call.request.body);
  }

  #readBody(intake: Intake): boolean {
    const body = this.#body;
    if (body?.readable !== true) return false;
    this.#transport.bodyMoves(this.#reading === "tunnel");
    body.step(intake);
    return true;
  }

  // === how calls and the connection end ===

  /** The answer is there. The request may still be on its way: an app may answer first and read on. */
  #answerComplete(): void {
    this.#body = undefined;
    this.#transport.deadline.disarm();
    // More bytes are no answer to anything that was asked.
    if (this.#transport.intake.exhausted || this.#transport.intake.holding) this.#keep = false;
    this.#reading = "answered";
    if (!this.#transport.sender.busy) this.#settle();
  }

  #settle(): void {
    this.#call = undefined;
    if (!this.#keep || this.#idleFor <= 0) {
      this.#close(NO_MORE_USE);
      return;
    }
    this.#reading = "idle";
    this.#idleUntil = this.#deadlines.now() + this.#idleFor;
    this.#transport.deadline.arm(this.#idleFor);
    this.#owner.connectionFree(this);
  }

  /** The connection broke while its answer was awaited. */
  #lost(detail: string, cause: unknown): void {
    const call = this.#call;
    if (this.#heads.started || this.#information > 0 || call === undefined) {
      this.#close(new WireError("upstream_closed_early", detail, { cause }));
      return;
    }
    const sent = this.#transport.sender.begun;
    this.#call = undefined;
    this.#close(NO_MORE_USE);
    call.unanswered(detail, cause, sent);
  }

  #close(reason: WireError): void {
    const reading = this.#reading;
    if (reading === "closed") return;
    const call = this.#call;
    const body = this.#body;
    this.#reading = "closed";
    this.#call = undefined;
    this.#body = undefined;
    const request = this.#transport.close(false);
    this.#owner.connectionClosed(this);
    if (reading === "connecting" || reading === "head") {
      call?.failed(reason);
      return;
    }
    body?.fail(reason);
    request?.cancel(reason);
  }

  // === the socket and the clock ===

  #connected(): void {
    const call = this.#call;
    if (this.#reading === "connecting" && call !== undefined) this.send(call);
  }

  closed(): void {
    this.#close(NO_MORE_USE);
  }

  broke(cause: Error): void {
    const detail = messageOf(cause);
    if (this.#reading === "connecting")
      this.#close(new WireError(connectErrorCode(cause), detail, { cause, retryable: true }));
    else if (this.#reading === "head") this.#lost(detail, cause);
    else this.#close(new WireError("upstream_closed_early", detail, { cause }));
  }

  expired(): void {
    switch (this.#reading) {
      case "connecting":
        this.#close(new WireError("upstream_connect_timeout", "no connection in time", { retryable: true }));
        break;
      case "head":
        this.#close(new WireError("upstream_timeout", "no answer in time"));
        break;
      case "body":
        // While nobody takes the body the app is not to blame, nor while it is being sent the request.
        if (this.#body?.readable !== true) break;
        if (this.#transport.sentMeanwhile) this.#transport.watchIdle();
        else this.#close(new WireError("upstream_body_timeout", "the answer stalled"));
        break;
      case "tunnel":
        if (this.#transport.sentMeanwhile) this.#transport.watchIdle();
        else this.#close(new WireError("upstream_body_timeout", "a half-closed tunnel was idle"));
        break;
      case "idle":
        this.#close(NO_MORE_USE);
        break;
      case "answered":
      case "closed":
        break;
    }
  }

  stalled(): void {
    this.#close(new WireError("upstream_body_timeout", "the app did not read the request"));
  }
}

/** Made once: connections come to their end all the time. */
const NO_MORE_USE = new WireError("upstream_reset", "the connection is closed");

/** Closed with a margin before the app would: a request that crosses the app's close is lost. */
function idleTime(limit: number, hint: number | undefined): number {
  return hint === undefined ? limit : Math.min(limit, hint - Math.min(HINT_MARGIN, hint / 2));
}
