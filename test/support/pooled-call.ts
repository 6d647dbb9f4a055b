import { type Clock, systemClock } from "../../core/clock.ts";
import { HeaderBlock } from "../../core/headers/header-block.ts";
import type {
  BodySink,
  BodySource,
  ResponseHead,
  UpstreamListener,
  UpstreamRequest,
} from "../../sidecar/http/exchange.ts";
import { Deadlines } from "../../sidecar/http/deadlines.ts";
import { NO_BODY_SOURCE } from "../../sidecar/http/h1/incoming-body.ts";
import { Pool } from "../../sidecar/http/h1/pool.ts";
import { DEFAULT_WIRE_LIMITS, type WireLimits } from "../../sidecar/http/limits.ts";
import type { WireError } from "../../sidecar/http/wire-error.ts";

/** A request without a header, and without a body unless one is given. */
export function request(method = "GET", body: BodySource = NO_BODY_SOURCE): UpstreamRequest {
  return { method, target: "/", authority: "a", headers: HeaderBlock.empty, upgrade: false, body };
}

/** A pool to a port of this machine, with deadlines that tests can wait for. */
export function poolTo(port: number, limits: Partial<WireLimits> = {}, clock: Clock = systemClock): Pool {
  const deadlines = new Deadlines(clock, 5);
  return new Pool({
    endpoint: { host: "127.0.0.1", port },
    limits: { ...DEFAULT_WIRE_LIMITS, ...limits },
    deadlines,
  });
}

/** Waits for an answer, or for the error in its place. */
export class Answer implements UpstreamListener, BodySink {
  readonly #over = Promise.withResolvers<string | WireError>();
  status = 0;
  text = "";

  informed(): void {
    // Not of interest here.
  }

  responded(head: ResponseHead, body: BodySource): void {
    this.status = head.status;
    body.start(this);
  }

  failed(error: WireError): void {
    this.#over.resolve(error);
  }

  chunk(bytes: Buffer): boolean {
    this.text += bytes.toString("latin1");
    return true;
  }

  end(): void {
    this.#over.resolve(this.text);
  }

  fail(error: WireError): void {
    this.#over.resolve(error);
  }

  /** The body, or the code of the error. */
  async result(): Promise<string> {
    const over = await this.#over.promise;
    return typeof over === "string" ? over : over.code;
  }

  async error(): Promise<WireError> {
    const over = await this.#over.promise;
    if (typeof over === "string") throw new Error(`answered ${over}`);
    return over;
  }
}

/** A body that says whether it was started and cancelled, and gives what it has at once. */
export class Body implements BodySource {
  readonly length: number | undefined;
  readonly #bytes: Buffer | undefined;
  sink: BodySink | undefined;
  cancelled: string | undefined;

  constructor(bytes?: string) {
    this.#bytes = bytes === undefined ? undefined : Buffer.from(bytes);
    this.length = this.#bytes?.length;
  }

  start(sink: BodySink): void {
    this.sink = sink;
    if (this.#bytes === undefined) return;
    sink.chunk(this.#bytes);
    sink.end(undefined);
  }

  resume(): void {
    // Gives everything at once.
  }

  cancel(reason: WireError): void {
    this.cancelled = reason.code;
  }
}

/** Sends a request and listens for what comes of it. */
export function ask(pool: Pool, asked: UpstreamRequest = request()): Answer {
  const answer = new Answer();
  pool.request(asked, answer);
  return answer;
}
