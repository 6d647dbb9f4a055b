import type { Service } from "../../../core/lifecycle.ts";
import type { Upstream, UpstreamCall, UpstreamListener, UpstreamRequest } from "../exchange.ts";
import type { Deadline, Deadlines } from "../deadlines.ts";
import type { HostEndpoint } from "../host-endpoint.ts";
import type { WireLimits } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import { ClientCall, type CallCarrier, type CallQueue } from "./client-call.ts";
import { ClientSession, type SessionListener } from "./client-session.ts";
import { type Quiet, quietAfter } from "./quiet.ts";

/** Streams that the first session is thought to take; only decides how many sessions are opened at once. */
const ASSUMED_CAPACITY = 100;

/** What is armed for the next look at the calls in line, ms, at which an app that takes none is connected to once more. */
const LOOK_AFTER = 250;

export interface ClientPoolOptions {
  readonly endpoint: HostEndpoint;
  readonly limits: WireLimits;
  readonly deadlines: Deadlines;
}

/** What a pool has and has done, for metrics. */
export interface ClientPoolCounts {
  readonly sessions: number;
  readonly active: number;
  readonly waiting: number;
  /** Since the start. */
  readonly opened: number;
  readonly failed: number;
  readonly retried: number;
}

/** Prior-knowledge HTTP/2 to one endpoint: one session, and more when the app takes no more streams on it. */
export class ClientPool implements Upstream, Service, SessionListener, CallQueue {
  readonly name: string;
  readonly #options: ClientPoolOptions;
  readonly #sessions = new Set<ClientSession>();
  readonly #leaving = new Set<ClientSession>();
  /** In the order in which they came. */
  readonly #line = new Map<ClientCall, Quiet>();
  readonly #deadline: Deadline;
  /** What the last session that became ready takes. */
  #capacity = ASSUMED_CAPACITY;
  #opened = 0;
  #failed = 0;
  #retried = 0;
  #closing = false;
  #emptied: (() => void) | undefined;

  constructor(options: ClientPoolOptions) {
    this.#options = options;
    this.name = `http2 to ${options.endpoint.host}:${options.endpoint.port}`;
    this.#deadline = options.deadlines.deadline(() => this.#sweep());
  }

  /** Connections are made when they are needed. */
  async start(): Promise<void> {}

  get counts(): ClientPoolCounts {
    let active = 0;
    for (const session of this.#sessions) active += session.active;
    for (const session of this.#leaving) active += session.active;
    return {
      sessions: this.#sessions.size + this.#leaving.size,
      active,
      waiting: this.#line.size,
      opened: this.#opened,
      failed: this.#failed,
      retried: this.#retried,
    };
  }

  request(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    const call = new ClientCall(request, listener, this);
    if (request.upgrade)
      call.fail(new WireError("upstream_invalid", "HTTP/2 has no Upgrade (RFC 9113 §8.6)"));
    else if (this.#closing) call.fail(new WireError("draining", `${this.name} is closing`));
    else this.#place(call);
    return call;
  }

  again(call: ClientCall, refusedBy: CallCarrier | undefined): void {
    this.#retried++;
    this.#place(call, refusedBy);
  }

  withdrawn(call: ClientCall): void {
    this.#line.delete(call);
  }

  sessionFree(session: ClientSession): void {
    if (session.capacity > 0) this.#capacity = session.capacity;
    if (this.#line.size === 0) return;
    for (const call of this.#line.keys()) {
      if (session.places <= 0) break;
      this.#line.delete(call);
      session.open(call);
    }
    this.#grow();
  }

  sessionLeaving(session: ClientSession): void {
    this.#sessions.delete(session);
    this.#leaving.add(session);
    // What it still finishes may take hours: those in line do not wait for that. One that took nothing ends soon.
    if (session.active > 0) this.#grow();
  }

  sessionClosed(session: ClientSession, error: WireError | undefined): void {
    this.#sessions.delete(session);
    this.#leaving.delete(session);
    if (error !== undefined) this.#failed++;
    if (error !== undefined && this.#sessions.size === 0) this.#failLine(error);
    // After one that was of no use another would follow at once, and so on: the next look at the line opens it.
    else if (session.carried) this.#grow();
    if (this.#sessions.size + this.#leaving.size === 0) this.#emptied?.();
  }

  async drain(deadline: number): Promise<void> {
    this.#closing = true;
    this.#failLine(new WireError("draining", `${this.name} is closing`));
    for (const session of this.#sessions) session.drain();
    if (this.#sessions.size + this.#leaving.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.deadlines.deadline(resolve);
    timer.arm(deadline);
    this.#emptied = resolve;
    await promise;
    timer.disarm();
    this.#destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#failLine(new WireError("draining", `${this.name} is closed`));
    this.#destroy();
  }

  #destroy(): void {
    const reason = new WireError("draining", `${this.name} is closed`);
    for (const session of [...this.#sessions, ...this.#leaving]) session.destroy(reason);
    this.#deadline.disarm();
  }

  /** The first session that has room: what few sessions can carry is not spread over many. */
  #place(call: ClientCall, avoided?: CallCarrier): void {
    for (const session of this.#sessions) {
      if (session.places > 0 && session !== avoided) return session.open(call);
    }
    if (this.#line.size >= this.#options.limits.upstreamWaiting)
      return call.fail(new WireError("pool_full", `${this.#line.size} requests wait for ${this.name}`));
    this.#line.set(call, undefined);
    if (!this.#deadline.armed) this.#deadline.arm(LOOK_AFTER);
    this.#grow();
  }

  /** Opens as many sessions as the line needs and the limit allows. */
  #grow(): void {
    if (this.#closing) return;
    const { endpoint, limits, deadlines } = this.#options;
    let expected = 0;
    for (const session of this.#sessions) {
      if (session.connecting) expected += this.#capacity;
      // It takes nothing for now (RFC 9113 §5.1.2), and no further connection would be told otherwise.
      else if (session.capacity === 0) return;
    }
    while (expected < this.#line.size && this.#sessions.size < limits.upstreamConnections) {
      this.#sessions.add(new ClientSession(endpoint, limits, deadlines, this));
      this.#opened++;
      expected += this.#capacity;
    }
  }

  /** A call that waits for its turn waits for its answer. */
  #sweep(): void {
    const { limits, deadlines } = this.#options;
    const { response } = limits;
    for (const [call, before] of this.#line) {
      const waited = quietAfter(before, deadlines.periodOf(LOOK_AFTER), true, false);
      this.#line.set(call, waited);
      if (response === 0 || (waited ?? 0) < response) continue;
      this.#line.delete(call);
      call.fail(
        new WireError("upstream_timeout", `${this.name} had no room for ${response} ms`, { retryable: true }),
      );
    }
    if (this.#line.size === 0) return;
    this.#deadline.arm(LOOK_AFTER);
    this.#grow();
  }

  #failLine(error: WireError): void {
    const calls = [...this.#line.keys()];
    this.#line.clear();
    for (const call of calls) call.fail(error);
  }
}
