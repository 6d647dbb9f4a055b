import type { Upstream, UpstreamCall, UpstreamListener, UpstreamRequest } from "../exchange.ts";
import type { WireLimits } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import { ClientConnection, type ClientConnectionOwner } from "./client-connection.ts";
import type { Deadlines } from "../deadlines.ts";
import type { Endpoint } from "./endpoint.ts";
import { type CallPool, PoolCall } from "./pool-call.ts";
import { WaitingLine } from "./waiting-line.ts";

export interface PoolOptions {
  readonly endpoint: Endpoint;
  readonly limits: WireLimits;
  readonly deadlines: Deadlines;
}

/** Counted since the pool was made, for metrics. */
export interface PoolCounts {
  connects: number;
  /** Requests that went over a connection which had carried others. */
  reuses: number;
  /** Requests sent again because a kept connection turned out to be closed. */
  resends: number;
}

/**
 * HTTP/1.1 connections to one endpoint. The one that was used last is used next, so that the others run out of use and
 * are closed before the app closes them. Over `upstreamConnections` requests wait in line.
 */
export class Pool implements Upstream, CallPool, ClientConnectionOwner {
  readonly #options: PoolOptions;
  readonly #connections = new Set<ClientConnection>();
  readonly #idle: ClientConnection[] = [];
  readonly #line: WaitingLine<PoolCall>;
  #draining = false;
  readonly counts: PoolCounts = { connects: 0, reuses: 0, resends: 0 };

  constructor(options: PoolOptions) {
    const { limits, deadlines } = options;
    this.#options = options;
    this.#line = new WaitingLine(deadlines, limits.upstreamWaiting, limits.connect, (call) =>
      call.failed(tooLong()),
    );
  }

  /** Connections, those that are being made included. */
  get open(): number {
    return this.#connections.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Requests in line for a connection. */
  get waiting(): number {
    return this.#line.length;
  }

  request(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    const call = new PoolCall(this, request, listener);
    const kept = this.#takeIdle();
    if (kept === undefined) {
      this.#connectOrWait(call);
    } else {
      this.counts.reuses++;
      call.assign(kept, true);
      kept.send(call);
    }
    return call;
  }

  /** The endpoint is to be left: idle connections are closed, busy ones as they finish. Requests still go through. */
  drain(): void {
    this.#draining = true;
    for (const connection of this.#idle.splice(0)) connection.close(LEFT);
  }

  /** Closes everything; what is under way or waits fails. */
  close(): void {
    this.#draining = true;
    for (const call of this.#line.clear()) call.failed(LEFT);
    for (const connection of this.#connections) connection.close(LEFT);
  }

  // === CallPool ===

  resend(call: PoolCall): void {
    this.counts.resends++;
    // The connection that was lost has just made room.
    this.#connect(call);
  }

  leave(call: PoolCall): void {
    this.#line.remove(call);
  }

  // === ClientConnectionOwner ===

  connectionFree(connection: ClientConnection): void {
    const next = this.#line.shift();
    if (next !== undefined) {
      this.counts.reuses++;
      next.assign(connection, true);
      connection.send(next);
    } else if (this.#draining) {
      connection.close(LEFT);
    } else {
      this.#idle.push(connection);
    }
  }

  connectionClosed(connection: ClientConnection): void {
    this.#connections.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    // Later: the call that is about to be told of this may have to be sent again, and goes first.
    if (this.#line.length > 0) process.nextTick(() => this.#serveLine());
  }

  /** The youngest idle connection that the app is sure to keep for now; older ones go by the way. */
  #takeIdle(): ClientConnection | undefined {
    for (let kept = this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) {
      if (kept.fresh) return kept;
      kept.close(LEFT);
    }
    return undefined;
  }

  #connectOrWait(call: PoolCall): void {
    if (this.#connections.size < this.#options.limits.upstreamConnections) {
      this.#connect(call);
    } else if (!this.#line.push(call)) {
      // Later, because who asked does not hold its call yet.
      process.nextTick(() =>
        call.failed(new WireError("pool_full", "too many requests wait", { retryable: true })),
      );
    }
  }

  #serveLine(): void {
    while (this.#connections.size < this.#options.limits.upstreamConnections) {
      const next = this.#line.shift();
      if (next === undefined) return;
      this.#connect(next);
    }
  }

  #connect(call: PoolCall): void {
    this.counts.connects++;
    const connection = new ClientConnection({ ...this.#options, owner: this }, call);
    this.#connections.add(connection);
    call.assign(connection, false);
  }
}

/** Made once: what it ends is idle, or the endpoint is gone. */
const LEFT = new WireError("upstream_unreachable", "the endpoint is not used any more");

function tooLong(): WireError {
  return new WireError("pool_full", "no connection became free in time", { retryable: true });
}
