import type { AddressInfo, Socket } from "node:net";

import type { Clock } from "../../core/clock.ts";
import type { Service } from "../../core/lifecycle.ts";
import { ListenError } from "../../core/listen-error.ts";
import type { Logger } from "../../core/log.ts";
import type { ExchangeHandler } from "./exchange.ts";
import { DateLine } from "./h1/date-line.ts";
import type { Deadlines } from "./deadlines.ts";
import { ServerConnection } from "./h1/server-connection.ts";
import { ServerSession } from "./h2/server-session.ts";
import { InFlight } from "./in-flight.ts";
import type { WireLimits } from "./limits.ts";
import { ListeningSockets } from "./listening-sockets.ts";
import { ProtocolSniffer, type SniffListener } from "./protocol-sniffer.ts";
import type { RefusalListener } from "./refused-message.ts";
import { WireError } from "./wire-error.ts";

/** Over the limit of connections, this many more are told so; those beyond are closed without a word. */
const TOLD = 256;

export interface ListenerOptions {
  /** For logs and errors: `inbound`, `outbound`. */
  readonly name: string;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Other processes listen on the same port (SO_REUSEPORT): the kernel deals connections out. Default false. */
  readonly reusePort?: boolean | undefined;
  readonly handler: ExchangeHandler;
  /** Hears what was refused before the handler saw it. */
  readonly onRefused?: RefusalListener;
  readonly limits: WireLimits;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a listener carries, for metrics. */
export interface ListenerCounts {
  /** Connections whose first bytes have not come yet. */
  readonly unknown: number;
  readonly http1: number;
  readonly h2: number;
  readonly inFlight: number;
  /** Connections refused because there were too many, since the start. */
  readonly refused: number;
}

/** One port that speaks HTTP/1.1 and HTTP/2 by prior knowledge. */
export class Listener implements Service, SniffListener {
  readonly name: string;
  readonly #options: ListenerOptions;
  readonly #sockets: ListeningSockets;
  readonly #inFlight: InFlight;
  readonly #dateLine: DateLine;
  readonly #unknown = new Set<ProtocolSniffer>();
  readonly #http1 = new Set<ServerConnection>();
  readonly #http2 = new Set<ServerSession>();
  #refused = 0;
  #draining = false;
  #emptied: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#dateLine = new DateLine(options.clock);
    this.#inFlight = new InFlight(options.limits.inFlight);
    const { name, log } = options;
    this.#sockets = new ListeningSockets(
      (socket) => this.#accept(socket),
      (error) => log.error({ error: error.message, listener: name }, "accept failed"),
    );
  }

  /** On the port of the options unless another is given. */
  async start(port: number = this.#options.port): Promise<void> {
    const { host, name, reusePort = false } = this.#options;
    try {
      await this.#sockets.listen({ host, port }, reusePort);
    } catch (cause) {
      throw new ListenError(`--${name}`, { host, port }, cause);
    }
  }

  /** Where it listens; undefined while it does not. */
  address(): AddressInfo | undefined {
    return this.#sockets.address;
  }

  get counts(): ListenerCounts {
    return {
      unknown: this.#unknown.size,
      http1: this.#http1.size,
      h2: this.#http2.size,
      inFlight: this.#inFlight.count,
      refused: this.#refused,
    };
  }

  /** Takes no further connections; those there are go on. */
  closeAccept(): void {
    this.#sockets.close();
  }

  async drain(deadline: number): Promise<void> {
    this.closeAccept();
    this.#draining = true;
    for (const sniffer of this.#unknown) if (!sniffer.started) sniffer.destroy();
    for (const connection of this.#http1) connection.drain();
    for (const session of this.#http2) session.drain();
    if (this.#connections > 0) await this.#empty(deadline);
    this.#destroyAll();
  }

  /** Takes nothing new and cuts every connection; a drain that waits for them ends. */
  cut(): void {
    this.closeAccept();
    this.#draining = true;
    this.#destroyAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#draining = true;
    const closed = this.#sockets.closed();
    this.#destroyAll();
    await closed;
    if (this.#connections > 0) await this.#empty(this.#options.limits.head);
  }

  decided(sniffer: ProtocolSniffer, protocol: "http1" | "h2", first: Buffer): void {
    this.#unknown.delete(sniffer);
    if (protocol === "h2") this.#acceptH2(sniffer.socket, first);
    else this.#acceptHttp1(sniffer.socket, first);
  }

  broken(sniffer: ProtocolSniffer, first: Buffer, error: WireError): void {
    this.#unknown.delete(sniffer);
    this.#acceptHttp1(sniffer.socket, first).refuse(error);
  }

  silent(sniffer: ProtocolSniffer): void {
    this.#unknown.delete(sniffer);
    this.#left();
  }

  get #connections(): number {
    return this.#unknown.size + this.#http1.size + this.#http2.size;
  }

  #accept(socket: Socket): void {
    const { limits, deadlines } = this.#options;
    if (this.#connections >= limits.connections) return this.#tooMany(socket);
    this.#unknown.add(new ProtocolSniffer(socket, limits, deadlines, this));
  }

  /** In HTTP/1.1, whatever the client speaks: to HTTP/2 it is a connection that closes. */
  #tooMany(socket: Socket): void {
    this.#refused++;
    if (this.#connections >= this.#options.limits.connections + TOLD) {
      socket.destroy();
      return;
    }
    const detail = `${this.name} has ${this.#options.limits.connections} connections`;
    this.#acceptHttp1(socket, undefined).refuse(new WireError("too_many_requests_in_flight", detail));
  }

  #acceptHttp1(socket: Socket, first: Buffer | undefined): ServerConnection {
    const { handler, limits, deadlines, onRefused } = this.#options;
    const inFlight = this.#inFlight;
    const dateLine = this.#dateLine;
    const onClose = (closed: ServerConnection): void => {
      this.#http1.delete(closed);
      this.#left();
    };
    const connection = new ServerConnection(socket, {
      handler,
      limits,
      deadlines,
      inFlight,
      dateLine,
      onRefused,
      onClose,
    });
    this.#http1.add(connection);
    connection.accept(first);
    if (this.#draining) connection.drain();
    return connection;
  }

  #acceptH2(socket: Socket, first: Buffer): void {
    const { handler, limits, deadlines, clock, onRefused } = this.#options;
    const session = new ServerSession(socket, first, {
      handler,
      limits,
      deadlines,
      clock,
      inFlight: this.#inFlight,
      onRefused,
      onClose: (closed) => {
        this.#http2.delete(closed);
        this.#left();
      },
    });
    this.#http2.add(session);
    if (this.#draining) session.drain();
  }

  #left(): void {
    if (this.#connections === 0) this.#emptied?.();
  }

  /** Resolves when no connection is left, at the latest after `deadline` ms. */
  async #empty(deadline: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#options.clock.after(deadline, resolve);
    this.#emptied = resolve;
    await promise;
    this.#emptied = undefined;
  }

  #destroyAll(): void {
    for (const sniffer of this.#unknown) sniffer.destroy();
    for (const connection of this.#http1) connection.destroy();
    for (const session of this.#http2) session.destroy();
  }
}
