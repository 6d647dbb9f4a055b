import { connect, type Socket } from "node:net";

import type { Clock } from "../../../core/clock.ts";
import { HeaderBlock } from "../../../core/headers/header-block.ts";
import type {
  BodySink,
  BodySource,
  Upstream,
  UpstreamCall,
  UpstreamListener,
  UpstreamRequest,
} from "../exchange.ts";
import { connectErrorCode } from "../h1/endpoint.ts";
import type { LookupFor } from "../lookup-elsewhere.ts";
import { WireError } from "../wire-error.ts";

const ESTABLISHED = { status: 200, headers: HeaderBlock.empty };

/**
 * CONNECT (RFC 9110 §9.3.6): a TCP connection to the authority, its bytes untouched both ways. Each side may end its
 * direction alone. Nothing of what goes through is looked at, so there is no idle deadline; TCP keep-alive finds
 * peers that are gone.
 */
export class TunnelUpstream implements Upstream {
  readonly #clock: Clock;
  readonly #connectDeadline: number;
  readonly #lookupFor: LookupFor;

  constructor(clock: Clock, connectDeadline: number, lookupFor: LookupFor) {
    this.#clock = clock;
    this.#connectDeadline = connectDeadline;
    this.#lookupFor = lookupFor;
  }

  request(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    const { hostname, port: digits } = new URL(`tcp://${request.authority}`);
    const host = hostname.replace(/^\[|\]$/g, "");
    const port = Number(digits);
    const lookup = this.#lookupFor(port);
    const socket = connect({ host, port, lookup, allowHalfOpen: true, keepAlive: true, noDelay: true });
    const tunnel = new Tunnel(socket, request.body);
    const timer = this.#clock.after(this.#connectDeadline, () =>
      tunnel.break(new WireError("upstream_connect_timeout", `no connection to ${request.authority}`)),
    );
    tunnel.onBroken = (error) => {
      timer[Symbol.dispose]();
      listener.failed(error);
    };
    socket.once("connect", () => {
      timer[Symbol.dispose]();
      tunnel.onBroken = undefined;
      listener.responded(ESTABLISHED, tunnel);
    });
    return {
      cancel(): void {
        timer[Symbol.dispose]();
        tunnel.onBroken = undefined;
        socket.destroy();
      },
    };
  }
}

/** Both directions of one tunnel: source of what the far end sends, sink of what the client sends. */
class Tunnel implements BodySource, BodySink {
  readonly length = undefined;
  /** Set until the connection stands. */
  onBroken: ((error: WireError) => void) | undefined;
  readonly #socket: Socket;
  readonly #fromClient: BodySource;
  #toClient: BodySink | undefined;
  /** What ended it before somebody listened. */
  #failure: WireError | undefined;

  constructor(socket: Socket, fromClient: BodySource) {
    this.#socket = socket;
    this.#fromClient = fromClient;
    socket.pause();
    socket.on("error", (cause) => this.break(this.#brokenBy(cause)));
    socket.on("close", () => this.break(new WireError("upstream_reset", "the far end closed the tunnel")));
  }

  start(sink: BodySink): void {
    if (this.#failure !== undefined) {
      this.#fromClient.cancel(this.#failure);
      return sink.fail(this.#failure);
    }
    this.#toClient = sink;
    this.#socket.on("data", (bytes: Buffer) => {
      if (!sink.chunk(bytes)) this.#socket.pause();
    });
    this.#socket.on("end", () => {
      this.#toClient = undefined;
      sink.end(undefined);
    });
    this.#socket.on("drain", () => this.#fromClient.resume());
    this.#fromClient.start(this);
    this.#socket.resume();
  }

  resume(): void {
    this.#socket.resume();
  }

  cancel(): void {
    this.#toClient = undefined;
    this.#socket.destroy();
  }

  chunk(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.end();
  }

  fail(): void {
    this.#socket.destroy();
  }

  #brokenBy(cause: Error): WireError {
    const connecting = this.onBroken !== undefined;
    return new WireError(connecting ? connectErrorCode(cause) : "upstream_reset", cause.message, { cause });
  }

  break(error: WireError): void {
    this.#failure ??= error;
    this.#socket.destroy();
    const [broken, toClient] = [this.onBroken, this.#toClient];
    this.onBroken = undefined;
    this.#toClient = undefined;
    if (broken !== undefined) broken(error);
    else if (toClient !== undefined) toClient.fail(error);
    else this.#fromClient.cancel(error);
  }
}
