import { errorAnswer } from "../answers.ts";
import type {
  BodySource,
  ExchangeWatcher,
  LocalBody,
  Peer,
  RequestHead,
  RespondOptions,
  ResponseHead,
  ServerExchange,
} from "../exchange.ts";
import { WireError, type WireErrorCode } from "../wire-error.ts";
import type { DateLine } from "./date-line.ts";
import { NO_BODY, TUNNEL } from "./framing.ts";
import { responseHeadText } from "./head-writer.ts";
import { IncomingBody } from "./incoming-body.ts";
import { outgoingResponseFraming } from "./outgoing-framing.ts";
import type { Sender } from "./sender.ts";

/** The connection that an exchange came on. */
export interface ExchangeConnection {
  readonly peer: Peer;
  readonly sender: Sender;
  /** For answers without a Date; undefined: they stay so. */
  readonly dateLine: DateLine | undefined;
  /** Whether another request may follow once this one is answered, as far as is known when the answer begins. */
  readonly keepable: boolean;
  /** The exchange was answered or given up. Once for each. */
  exchangeEnded(): void;
  /** From here on the client's bytes are a tunnel's. */
  tunnelOpened(): void;
  /** Ends the connection at once. */
  cut(reason: WireError): void;
}

const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
const KEEP = { close: false } as const;
const CLOSE = { close: true } as const;

/** Made once: an error costs its stack, and these are no news. */
const NOT_WANTED = new WireError("cancelled", "the answer has no body");
const TOO_LATE = new WireError("client_gone", "the answer came when the exchange was over");

/** One request of an HTTP/1.1 connection: made anew each time, so that nobody who holds on to it reaches the next. */
export class H1Exchange implements ServerExchange {
  readonly head: RequestHead;
  readonly body: BodySource;
  watcher: ExchangeWatcher | undefined = undefined;
  readonly #connection: ExchangeConnection;
  #state: "awaited" | "answering" | "answered" | "aborted" = "awaited";
  #continueAsked: boolean;
  #keep: boolean;
  #endsByClose = false;

  constructor(connection: ExchangeConnection, head: RequestHead, body: BodySource, keepAlive: boolean) {
    this.#connection = connection;
    this.head = head;
    this.body = body;
    this.#continueAsked = head.expectsContinue;
    this.#keep = keepAlive;
  }

  get peer(): Peer {
    return this.#connection.peer;
  }

  get received(): number {
    return this.body instanceof IncomingBody ? this.body.delivered : 0;
  }

  get sent(): number {
    return this.awaited ? 0 : this.#connection.sender.contentBytes;
  }

  /** Whether nothing of the final answer was written yet. */
  get awaited(): boolean {
    return this.#state === "awaited";
  }

  get answered(): boolean {
    return this.#state === "answered";
  }

  /** Whether the connection goes on after this exchange; settled when the answer begins. */
  get keep(): boolean {
    return this.#keep;
  }

  /** Whether closing the connection would make a broken answer look whole. */
  get endsByClose(): boolean {
    return this.#endsByClose;
  }

  proceed(): void {
    if (!this.awaited || !this.#continueAsked) return;
    this.#continueAsked = false;
    this.#connection.sender.interim(CONTINUE);
  }

  inform(head: ResponseHead): void {
    if (!this.awaited || this.head.protocol === "http/1.0") return;
    this.#connection.sender.interim(responseHeadText(head, NO_BODY, KEEP));
  }

  respond(head: ResponseHead, body: BodySource | LocalBody, options?: RespondOptions): void {
    const bytes = Buffer.isBuffer(body) ? body : undefined;
    const source = Buffer.isBuffer(body) ? undefined : body;
    if (!this.awaited) {
      source?.cancel(TOO_LATE);
      return;
    }
    this.#state = "answering";
    const length = source === undefined ? (bytes?.length ?? 0) : source.length;
    const framing = outgoingResponseFraming(this.head, head.status, length);
    if (framing.kind === "tunnel" || (head.status === 101 && this.head.upgrade)) {
      this.#openTunnel(head, source);
      return;
    }
    this.#keep &&= this.#mayKeep(options);
    this.#endsByClose = framing.kind === "close";
    const text = responseHeadText(head, framing, this.#keep ? KEEP : CLOSE, this.#connection.dateLine);
    const { sender } = this.#connection;
    if (framing.kind === "none" || this.head.method === "HEAD" || head.status === 304) {
      source?.cancel(NOT_WANTED);
      sender.sendWhole(text, undefined);
    } else if (source === undefined) {
      sender.sendWhole(text, bytes);
    } else {
      sender.sendStream(text, framing, source);
    }
  }

  /** For the connection: answers with what the error means. */
  refuse(code: WireErrorCode): void {
    const { head, body } = errorAnswer(code);
    this.respond(head, body);
  }

  abort(reason: WireError): void {
    if (this.#state === "awaited" || this.#state === "answering") this.#connection.cut(reason);
  }

  /** For the connection: the answer is with the kernel. */
  finish(): void {
    this.#state = "answered";
    this.#connection.exchangeEnded();
    this.watcher?.finished?.();
  }

  /** For the connection: no answer, or no more of it, can be given. */
  giveUp(reason: WireError): void {
    if (this.#state === "answered" || this.#state === "aborted") return;
    this.#state = "aborted";
    this.#connection.exchangeEnded();
    this.watcher?.aborted?.(reason);
  }

  #openTunnel(head: ResponseHead, source: BodySource | undefined): void {
    this.#keep = false;
    this.#endsByClose = true;
    const text = responseHeadText(head, NO_BODY, KEEP, this.#connection.dateLine);
    if (source === undefined) this.#connection.sender.sendWhole(text, undefined);
    else this.#connection.sender.sendStream(text, TUNNEL, source);
    this.#connection.tunnelOpened();
  }

  /** What the client may send or not, not having been asked for it: a body behind Expect, bytes of a refused tunnel. */
  #mayKeep(options: RespondOptions | undefined): boolean {
    if (options?.close === true || this.#continueAsked) return false;
    if (this.head.upgrade || this.head.method === "CONNECT") return false;
    return this.#connection.keepable;
  }
}
