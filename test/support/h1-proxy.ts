import { once } from "node:events";
import net, { type AddressInfo, type Server } from "node:net";

import { systemClock, type Clock } from "../../core/clock.ts";
import type { ExchangeHandler } from "../../sidecar/http/exchange.ts";
import { Deadlines } from "../../sidecar/http/deadlines.ts";
import { Pool } from "../../sidecar/http/h1/pool.ts";
import { ServerConnection } from "../../sidecar/http/h1/server-connection.ts";
import { DEFAULT_WIRE_LIMITS, type WireLimits } from "../../sidecar/http/limits.ts";
import type { RefusedMessage } from "../../sidecar/http/refused-message.ts";
import { joinExchange } from "./join-exchange.ts";

/** A listener of HTTP/1.1 connections and nothing else. */
export class H1Server implements AsyncDisposable {
  readonly #server: Server;
  readonly connections = new Set<ServerConnection>();
  readonly refused: RefusedMessage[] = [];
  #emptied: (() => void) | undefined;

  private constructor(handler: ExchangeHandler, limits: WireLimits, deadlines: Deadlines) {
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const onClose = (closed: ServerConnection): void => {
        this.connections.delete(closed);
        if (this.connections.size === 0) this.#emptied?.();
      };
      const onRefused = (message: RefusedMessage): void => void this.refused.push(message);
      const connection = new ServerConnection(socket, { handler, limits, deadlines, onRefused, onClose });
      this.connections.add(connection);
      connection.accept(undefined);
    });
  }

  static async listen(
    handler: ExchangeHandler,
    limits: Partial<WireLimits> = {},
    deadlines: Deadlines = new Deadlines(systemClock, 5),
  ): Promise<H1Server> {
    const server = new H1Server(handler, { ...DEFAULT_WIRE_LIMITS, ...limits }, deadlines);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Waits until no connection is left; each must come to its end by itself. */
  async emptied(): Promise<void> {
    if (this.connections.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const connection of this.connections) connection.destroy();
    await this.emptied();
  }
}

/** Server connections joined to one pool: the smallest proxy there can be. */
export class H1Proxy implements AsyncDisposable {
  readonly server: H1Server;
  readonly pool: Pool;

  private constructor(server: H1Server, pool: Pool) {
    this.server = server;
    this.pool = pool;
  }

  static async to(
    appPort: number,
    limits: Partial<WireLimits> = {},
    clock: Clock = systemClock,
  ): Promise<H1Proxy> {
    const deadlines = new Deadlines(clock, 5);
    const endpoint = { host: "127.0.0.1", port: appPort };
    const pool = new Pool({ endpoint, limits: { ...DEFAULT_WIRE_LIMITS, ...limits }, deadlines });
    return new H1Proxy(await H1Server.listen(joinExchange(pool), limits, deadlines), pool);
  }

  get port(): number {
    return this.server.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.pool.close();
  }
}
