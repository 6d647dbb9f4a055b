import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";

import { preventHttp2Aborts } from "../../../core/connections/http2-aborts.ts";
import { KeptShapes } from "../../../core/kept-shapes.ts";
import type { Deadline, Deadlines } from "../deadlines.ts";
import type { HostEndpoint } from "../host-endpoint.ts";
import type { WireLimits } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import type { CallCarrier, ClientCall } from "./client-call.ts";
import { connectError, sessionError } from "./client-errors.ts";
import { bindLightly } from "./light-bind.ts";
import { OpenStreams } from "./open-streams.ts";
import { tellPeerWhatWasWrong } from "./session-errors.ts";
import { LOOK_AFTER } from "./quiet.ts";
import { clientSessionOptions } from "./session-options.ts";

preventHttp2Aborts();
bindLightly();

/** A call leads to both sides of its exchange. */
const shapes = new KeptShapes();

/** How a pool hears of its sessions. */
export interface SessionListener {
  /** It is connected, or a place has become free: it may take another call. */
  sessionFree(session: ClientSession): void;
  /** It takes no more calls, but those under way go on. */
  sessionLeaving(session: ClientSession): void;
  /** Its socket is closed; `error` is set when it never became ready. Once, and after its calls were told. */
  sessionClosed(session: ClientSession, error: WireError | undefined): void;
}

/** One prior-knowledge connection to an app. It is ready once the app's SETTINGS say how many streams it takes. */
export class ClientSession implements CallCarrier {
  readonly #where: string;
  readonly limits: WireLimits;
  readonly #listener: SessionListener;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #deadline: Deadline;
  /** What really lies between two looks, ms. */
  readonly #period: number;
  readonly #calls = new OpenStreams<ClientCall>();
  #state: "connecting" | "ready" | "leaving" | "closed" = "connecting";
  #places = 0;
  /** The app turned a call away while it had others here: it gets no more until one of those is over. */
  #full = false;
  #carried = false;
  /** By GOAWAY: the last stream that the app may have looked at. */
  #lastSeen: number | undefined;
  /** Why it never became ready. */
  #failure: WireError | undefined;

  constructor(endpoint: HostEndpoint, limits: WireLimits, deadlines: Deadlines, listener: SessionListener) {
    this.#where = `${endpoint.host}:${endpoint.port}`;
    this.limits = limits;
    this.#listener = listener;
    const socket = connectSocket({ ...endpoint, noDelay: true });
    this.#socket = socket;
    this.#session = connect(`http://${this.#where}`, {
      ...clientSessionOptions(limits),
      createConnection: () => socket,
    });
    tellPeerWhatWasWrong(this.#session);
    this.#deadline = deadlines.deadline(() => this.#tick());
    this.#period = deadlines.periodOf(LOOK_AFTER);
    this.#deadline.arm(limits.connect);
    this.#listen();
  }

  /** How many calls it can take now. */
  get places(): number {
    return this.#state === "ready" && !this.#full ? this.#places - this.#calls.size : 0;
  }

  /** How many calls it takes at a time. */
  get capacity(): number {
    return this.#places;
  }

  get connecting(): boolean {
    return this.#state === "connecting";
  }

  /** Calls under way. */
  get active(): number {
    return this.#calls.size;
  }

  /** Whether it ever had a call. */
  get carried(): boolean {
    return this.#carried;
  }

  get lost(): boolean {
    return this.#session.destroyed;
  }

  errorOf(thrown: unknown): WireError {
    return sessionError(thrown, this.#where);
  }

  /** Only while there are `places`. */
  open(call: ClientCall): void {
    this.#calls.add(call);
    this.#carried = true;
    if (this.#calls.size === 1) this.#deadline.arm(LOOK_AFTER);
    try {
      call.send(this.#session, this);
    } catch (error) {
      // node refuses fields that HTTP/2 cannot carry before it makes a stream.
      this.#calls.delete(call);
      call.fail(
        new WireError("upstream_invalid", "the request cannot be sent over HTTP/2", { cause: error }),
      );
    }
  }

  callClosed(call: ClientCall, turnedAway: boolean): void {
    shapes.keep(call);
    this.#calls.delete(call);
    this.#full = turnedAway && this.#calls.size > 0;
    if (this.#calls.size === 0) this.#idle();
    if (this.#state === "ready") this.#listener.sessionFree(this);
  }

  neverSaw(stream: ClientHttp2Stream): boolean {
    return this.#lastSeen !== undefined && (stream.id ?? 0) > this.#lastSeen;
  }

  /** Takes no more calls and closes after the last of them. */
  drain(): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    this.#leave();
    this.#session.close();
    if (this.#calls.size === 0) this.#idle();
  }

  /** At once; calls under way fail with `reason`. */
  destroy(reason: WireError): void {
    if (this.#state === "closed") return;
    this.#failure ??= reason;
    this.#session.destroy(reason);
    this.#socket.destroy();
  }

  #listen(): void {
    const session = this.#session;
    session.on("remoteSettings", ({ maxConcurrentStreams }) => this.#settled(maxConcurrentStreams));
    session.on("goaway", (_code, lastStream) => {
      this.#lastSeen = lastStream;
      this.#leave();
    });
    session.on("error", (error) => {
      this.#failure ??= connectError(error, this.#where);
    });
    session.on("close", () => this.#closed());
  }

  #settled(maxConcurrentStreams: number | undefined): void {
    this.#places = Math.min(maxConcurrentStreams ?? Number.POSITIVE_INFINITY, this.limits.h2Streams);
    if (this.#state === "connecting") {
      this.#state = "ready";
      this.#idle();
    }
    if (this.#state === "ready") this.#listener.sessionFree(this);
  }

  #idle(): void {
    this.#deadline.arm(this.limits.upstreamIdle);
  }

  #tick(): void {
    if (this.#state === "connecting") {
      const detail = `${this.#where} was not ready within ${this.limits.connect} ms`;
      this.destroy(new WireError("upstream_connect_timeout", detail, { retryable: true }));
    } else if (this.#calls.size > 0) {
      this.#deadline.arm(LOOK_AFTER);
      this.#calls.forEach((call) => call.sweep(this.#period, this.limits));
    } else if (this.#state === "leaving") {
      // It was closed a while ago, and the app keeps its side open.
      this.#socket.destroy();
    } else {
      this.drain();
    }
  }

  #leave(): void {
    if (this.#state !== "ready" && this.#state !== "connecting") return;
    this.#state = "leaving";
    this.#listener.sessionLeaving(this);
  }

  #closed(): void {
    if (this.#state === "closed") return;
    const wasConnecting = this.#state === "connecting";
    this.#state = "closed";
    this.#deadline.disarm();
    const error = wasConnecting ? (this.#failure ?? connectError(undefined, this.#where)) : undefined;
    this.#listener.sessionClosed(this, error);
  }
}
