import { once } from "node:events";
import {
  connect,
  createServer as createHttp2Server,
  type ClientHttp2Session,
  type ClientSessionOptions,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import { createServer, type AddressInfo, type Server } from "node:net";

import { systemClock, type Clock } from "../../core/clock.ts";
import type { ExchangeHandler } from "../../sidecar/http/exchange.ts";
import { Deadlines } from "../../sidecar/http/deadlines.ts";
import { ClientPool } from "../../sidecar/http/h2/client-pool.ts";
import { ServerSession } from "../../sidecar/http/h2/server-session.ts";
import { InFlight } from "../../sidecar/http/in-flight.ts";
import { DEFAULT_WIRE_LIMITS, type WireLimits } from "../../sidecar/http/limits.ts";
import type { RefusedMessage } from "../../sidecar/http/refused-message.ts";
import { joinExchange } from "./join-exchange.ts";

function portOf(server: Server | Http2Server): number {
  return (server.address() as AddressInfo).port;
}

async function listen(server: Server | Http2Server, port = 0): Promise<void> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
}

/** Ports that handlers get in node:http2's own words: `(stream, headers, flags, flat)`. */
export type StreamHandler = (
  stream: ServerHttp2Stream,
  headers: Record<string, unknown>,
  flags: number,
  flat: readonly string[],
) => void;

/** A real app on node:http2. */
export class Http2App implements AsyncDisposable {
  readonly server: Http2Server;
  readonly sessions = new Set<ServerHttp2Session>();

  private constructor(server: Http2Server) {
    this.server = server;
    server.on("session", (session) => {
      this.sessions.add(session);
      session.on("error", () => {});
      session.on("close", () => this.sessions.delete(session));
    });
  }

  static async start(handler: StreamHandler, options: ServerOptions = {}, port = 0): Promise<Http2App> {
    const app = new Http2App(createHttp2Server(options));
    app.server.on("stream", (stream: ServerHttp2Stream, headers, flags, flat) => {
      stream.on("error", () => {});
      handler(stream, headers, flags, flat);
    });
    await listen(app.server, port);
    return app;
  }

  get port(): number {
    return portOf(this.server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    for (const session of this.sessions) session.destroy();
    await closed;
  }
}

export interface FixtureOptions {
  readonly limits?: Partial<WireLimits>;
  readonly clock?: Clock;
}

/** Server sessions in front of a handler, on a port of their own. */
export class Http2Front implements AsyncDisposable {
  readonly sessions = new Set<ServerSession>();
  readonly inFlight: InFlight;
  readonly refused: RefusedMessage[] = [];
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  private constructor(handler: ExchangeHandler, options: FixtureOptions) {
    const limits: WireLimits = { ...DEFAULT_WIRE_LIMITS, ...options.limits };
    const clock = options.clock ?? systemClock;
    const deadlines = new Deadlines(clock);
    const inFlight = new InFlight(limits.inFlight);
    this.inFlight = inFlight;
    const onRefused = (message: RefusedMessage): void => void this.refused.push(message);
    const onClose = (session: ServerSession): void => {
      this.sessions.delete(session);
      this.#wake();
    };
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on("error", () => {});
      const onSilentEnd = (): void => void socket.destroy();
      socket.once("end", onSilentEnd);
      socket.once("data", (first: Buffer) => {
        socket.off("end", onSilentEnd);
        const context = { handler, limits, deadlines, clock, inFlight, onRefused, onClose };
        this.sessions.add(new ServerSession(socket, first, context));
        this.#wake();
      });
    });
  }

  static async start(handler: ExchangeHandler, options: FixtureOptions = {}): Promise<Http2Front> {
    const front = new Http2Front(handler, options);
    await listen(front.#server);
    return front;
  }

  get port(): number {
    return portOf(this.#server);
  }

  /** Resolves when `condition` holds; asked whenever a session comes or goes. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const session of this.sessions) session.destroy();
    await closed;
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }
}

/** A pool to an app, and server sessions whose exchanges go to it. */
export class Http2Join implements AsyncDisposable {
  readonly pool: ClientPool;
  readonly front: Http2Front;

  private constructor(pool: ClientPool, front: Http2Front) {
    this.pool = pool;
    this.front = front;
  }

  static async start(port: number, options: FixtureOptions = {}): Promise<Http2Join> {
    const limits: WireLimits = { ...DEFAULT_WIRE_LIMITS, ...options.limits };
    const deadlines = new Deadlines(options.clock ?? systemClock);
    const pool = new ClientPool({ endpoint: { host: "127.0.0.1", port }, limits, deadlines });
    return new Http2Join(pool, await Http2Front.start(joinExchange(pool), options));
  }

  get port(): number {
    return this.front.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.front[Symbol.asyncDispose]();
    await this.pool[Symbol.asyncDispose]();
  }
}

/** A client of node:http2 with the few things that tests ask of it. */
export class Http2Client implements AsyncDisposable {
  readonly session: ClientHttp2Session;
  readonly #closed: Promise<unknown>;

  constructor(port: number) {
    // Tests repeat fields that node takes for single ones; its types do not know the option for clients.
    const options: ClientSessionOptions & ServerOptions = {
      strictSingleValueFields: false,
      maxSessionMemory: 1_000,
    };
    this.session = connect(`http://127.0.0.1:${port}`, options);
    this.session.on("error", () => {});
    this.#closed = new Promise((resolve) => this.session.on("close", resolve));
  }

  /** Resolves when the server has our acknowledgement of its SETTINGS, for which it has a deadline. */
  async settled(): Promise<void> {
    // Its answer to the first PING comes behind its SETTINGS, its answer to the second behind our acknowledgement.
    await new Promise((resolve) => this.session.ping(resolve));
    await new Promise((resolve) => this.session.ping(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.destroy();
    await this.#closed;
  }
}
