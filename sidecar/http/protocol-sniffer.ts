import type { Socket } from "node:net";

import type { Deadline, Deadlines } from "./deadlines.ts";
import type { WireLimits } from "./limits.ts";
import { WireError } from "./wire-error.ts";

/** How a client with prior knowledge of HTTP/2 begins (RFC 9113 §3.4). No HTTP/1.1 request can begin like this. */
const PREFACE: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** What the first bytes of a connection are; undecided only for a beginning of the preface. */
export type Sniffed = "http1" | "h2" | "undecided";

export function sniff(bytes: Buffer): Sniffed {
  const length = Math.min(bytes.length, PREFACE.length);
  // Nearly every HTTP/1.1 request is told apart by its first byte, POST, PUT and PATCH by their second.
  for (let i = 0; i < length; i++) if (bytes[i] !== PREFACE[i]) return "http1";
  return length === PREFACE.length ? "h2" : "undecided";
}

/** What becomes of a new connection; exactly one is called, once, and the socket is the callee's from then on. */
export interface SniffListener {
  /** `first`: all bytes read so far. */
  decided(sniffer: ProtocolSniffer, protocol: "http1" | "h2", first: Buffer): void;
  /** It began like HTTP/2 and then stopped: to be answered as a broken request. */
  broken(sniffer: ProtocolSniffer, first: Buffer, error: WireError): void;
  /** It closed, or said nothing in time. The socket is destroyed. */
  silent(sniffer: ProtocolSniffer): void;
}

/** Reads a new connection until its protocol is known, by deadlines of its own. */
export class ProtocolSniffer {
  readonly socket: Socket;
  readonly #listener: SniffListener;
  readonly #limits: WireLimits;
  readonly #deadline: Deadline;
  #bytes: Buffer | undefined;
  #done = false;

  constructor(socket: Socket, limits: WireLimits, deadlines: Deadlines, listener: SniffListener) {
    this.socket = socket;
    this.#listener = listener;
    this.#limits = limits;
    this.#deadline = deadlines.deadline(() => this.#expired());
    this.#deadline.arm(limits.firstByte);
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onGone);
    socket.on("close", this.#onGone);
  }

  /** Whether the client has said anything yet. */
  get started(): boolean {
    return this.#bytes !== undefined;
  }

  destroy(): void {
    if (!this.#settle()) return;
    this.socket.destroy();
    this.#listener.silent(this);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#bytes === undefined) this.#deadline.arm(this.#limits.head);
    const bytes = this.#bytes === undefined ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#bytes = bytes;
    const protocol = sniff(bytes);
    if (protocol !== "undecided" && this.#settle()) this.#listener.decided(this, protocol, bytes);
  };

  readonly #onEnd = (): void => {
    this.#break(new WireError("bad_request", "the client closed in the middle of its preface"));
  };

  readonly #onGone = (): void => this.destroy();

  #expired(): void {
    this.#break(new WireError("request_timeout", "the client stopped in the middle of its preface"));
  }

  #break(error: WireError): void {
    const bytes = this.#bytes;
    if (bytes === undefined) this.destroy();
    else if (this.#settle()) this.#listener.broken(this, bytes, error);
  }

  /** Lets go of the socket; false if that was done already. */
  #settle(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.#deadline.disarm();
    this.socket.off("data", this.#onData);
    this.socket.off("end", this.#onEnd);
    this.socket.off("error", this.#onGone);
    this.socket.off("close", this.#onGone);
    return true;
  }
}
