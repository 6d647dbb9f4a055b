import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { BodySink, BodySource, UpstreamRequest } from "../exchange.ts";
import type { WireError } from "../wire-error.ts";

type BodyEnd = { readonly trailers: HeaderBlock | undefined } | { readonly error: WireError };

/** RFC 9110 §9.2.2: doing these twice is the same as doing them once. */
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/**
 * Whether a request may be sent again after the app closed a kept connection without a byte of an answer. Its body
 * must be untouched, since it cannot be had twice; and either the method is idempotent, or there is a body of which
 * nothing went out, so that the app never had the whole request (RFC 9110 §9.2.2 forbids the rest: a POST without a
 * body may have been carried out).
 */
export function mayResend(request: UpstreamRequest, bodyTouched: boolean): boolean {
  if (bodyTouched) return false;
  return IDEMPOTENT_METHODS.has(request.method) || (request.body.length !== 0 && !request.upgrade);
}

/**
 * Stands between a request's body and a kept connection, which may turn out to be closed: then a second connection may
 * start the body, as long as nothing of it went to the first.
 */
export class ResendableBody implements BodySource, BodySink {
  readonly #source: BodySource;
  #sink: BodySink | undefined;
  #started = false;
  #touched = false;
  /** What arrives while no connection is there to take it: at most one chunk, since more is not asked for. */
  #held: Buffer | undefined;
  #ending: BodyEnd | undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  get length(): number | undefined {
    return this.#source.length;
  }

  /** Whether a byte of the body, or its end, went to a connection. */
  get touched(): boolean {
    return this.#touched;
  }

  /** The connection is gone: what arrives is kept for the next. */
  detach(): void {
    this.#sink = undefined;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    if (!this.#started) {
      this.#started = true;
      this.#source.start(this);
      return;
    }
    const held = this.#held;
    this.#held = undefined;
    const takesMore = held === undefined || this.chunk(held);
    if (this.#ending !== undefined) this.#tell(sink, this.#ending);
    else if (takesMore) this.#source.resume();
  }

  resume(): void {
    this.#source.resume();
  }

  cancel(reason: WireError): void {
    this.#source.cancel(reason);
  }

  chunk(bytes: Buffer): boolean {
    if (this.#sink === undefined) {
      this.#held = bytes;
      return false;
    }
    this.#touched = true;
    return this.#sink.chunk(bytes);
  }

  end(trailers: HeaderBlock | undefined): void {
    this.#finish({ trailers });
  }

  fail(error: WireError): void {
    this.#finish({ error });
  }

  #finish(ending: BodyEnd): void {
    if (this.#sink === undefined) this.#ending = ending;
    else this.#tell(this.#sink, ending);
  }

  #tell(sink: BodySink, ending: BodyEnd): void {
    this.#touched = true;
    if ("error" in ending) sink.fail(ending.error);
    else sink.end(ending.trailers);
  }
}
