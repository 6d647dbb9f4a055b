import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { BodySink, BodySource, RequestHead } from "../exchange.ts";
import type { WireLimits } from "../limits.ts";
import type { WireError } from "../wire-error.ts";
import { ChunkedReader, type ChunkedSide } from "./chunked-reader.ts";
import { TUNNEL } from "./framing.ts";
import type { Intake } from "./intake.ts";
import type { Framing } from "./message.ts";

/** The connection whose bytes a body is made of. */
export interface BodyOwner {
  /** The body takes bytes now: it was started or resumed. */
  bodyWanted(body: IncomingBody): void;
  /** Its sink wants no more; what still comes is dropped. */
  bodyUnwanted(body: IncomingBody, reason: WireError): void;
  /** The last byte was read; the sink hears of it next. */
  bodyComplete(body: IncomingBody): void;
  /** The bytes are not a legal body. The owner ends it with `fail`. */
  bodyIllegal(body: IncomingBody, error: WireError): void;
}

/** A body without bytes, shared by all messages that have none. */
export const NO_BODY_SOURCE: BodySource = {
  length: 0,
  start: (sink) => sink.end(undefined),
  resume: () => undefined,
  cancel: () => undefined,
};

/** The body of a request, if it has one; what may become a tunnel has one from the start. */
export function requestBody(
  owner: BodyOwner,
  head: RequestHead,
  framing: Framing,
  limits: WireLimits,
): IncomingBody | undefined {
  if (head.upgrade || head.method === "CONNECT") return new IncomingBody(owner, TUNNEL, limits, "request");
  if (framing.kind === "none") return undefined;
  return new IncomingBody(owner, framing, limits, "request");
}

/** What an answer to HEAD, or a 304, says of a body that it does not have. */
export class AnnouncedBody implements BodySource {
  readonly length: number | undefined;

  constructor(length: number | undefined) {
    this.length = length;
  }

  start(sink: BodySink): void {
    sink.end(undefined);
  }

  resume(): void {
    // Nothing flows.
  }

  cancel(): void {
    // Nothing comes.
  }
}

/**
 * A body that arrives on a connection, in any framing: the connection lets it `step` through its bytes, and the body
 * gives them to its sink.
 */
export class IncomingBody implements BodySource {
  readonly length: number | undefined;
  readonly #owner: BodyOwner;
  readonly #chunks: ChunkedReader | undefined;
  #left: number;
  #sink: BodySink | undefined;
  #state: "waiting" | "flowing" | "blocked" | "discarding" | "done" = "waiting";
  #failure: WireError | undefined;
  #delivered = 0;

  constructor(owner: BodyOwner, framing: Framing, limits: WireLimits, side: ChunkedSide) {
    this.#owner = owner;
    this.length = framing.kind === "length" ? framing.length : undefined;
    this.#left = framing.kind === "length" ? framing.length : Number.POSITIVE_INFINITY;
    this.#chunks = framing.kind === "chunked" ? new ChunkedReader(limits, side) : undefined;
  }

  /** Whether `step` may be called: somebody takes the bytes, or they are dropped. */
  get readable(): boolean {
    return this.#state === "flowing" || this.#state === "discarding";
  }

  /** Whether its sink takes part: it was started and not cancelled. */
  get attached(): boolean {
    return this.#sink !== undefined;
  }

  get discarding(): boolean {
    return this.#state === "discarding";
  }

  /** Bytes of content that its sink was given. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Bytes of content that are still to come; infinite where only the end tells. */
  get left(): number {
    return this.#left;
  }

  /** Whether nothing but the end of the connection ends it. */
  get endsByClose(): boolean {
    return this.#chunks === undefined && this.#left === Number.POSITIVE_INFINITY;
  }

  start(sink: BodySink): void {
    if (this.#state === "done") return this.#tell(sink);
    if (this.#state !== "waiting") return;
    this.#sink = sink;
    this.#state = "flowing";
    this.#owner.bodyWanted(this);
  }

  resume(): void {
    if (this.#state !== "blocked") return;
    this.#state = "flowing";
    this.#owner.bodyWanted(this);
  }

  cancel(reason: WireError): void {
    if (this.#state === "done" || this.#state === "discarding") return;
    this.discard();
    this.#owner.bodyUnwanted(this, reason);
  }

  /** The rest is read and dropped. */
  discard(): void {
    this.#sink = undefined;
    this.#state = "discarding";
  }

  /** Takes bytes at hand and delivers them. */
  step(intake: Intake): void {
    if (this.#chunks === undefined) this.#stepPlain(intake);
    else this.#stepChunked(intake, this.#chunks);
  }

  /** The body is whole because its connection ended: framing by close, and tunnels. */
  complete(trailers?: HeaderBlock): void {
    const sink = this.#sink;
    this.#state = "done";
    this.#sink = undefined;
    this.#owner.bodyComplete(this);
    sink?.end(trailers);
  }

  /** The rest will never come. */
  fail(error: WireError): void {
    if (this.#state === "done") return;
    const sink = this.#sink;
    this.#state = "done";
    this.#sink = undefined;
    this.#failure = error;
    sink?.fail(error);
  }

  /** The connection ended before anybody asked for the body. */
  #tell(sink: BodySink): void {
    if (this.#failure === undefined) sink.end(undefined);
    else sink.fail(this.#failure);
  }

  #stepPlain(intake: Intake): void {
    const { at } = intake;
    const next = Math.min(intake.chunk.length, at + this.#left);
    intake.at = next;
    this.#left -= next - at;
    this.#deliver(intake, at, next);
    if (this.#left === 0 && this.#state !== "done") this.complete();
  }

  #stepChunked(intake: Intake, chunks: ChunkedReader): void {
    const read = chunks.read(intake.chunk, intake.at);
    switch (read.kind) {
      case "data":
        intake.at = read.next;
        this.#deliver(intake, read.next - read.bytes.length, read.next);
        break;
      case "end":
        intake.at = read.next;
        this.complete(read.trailers);
        break;
      case "more":
        intake.at = intake.chunk.length;
        break;
      case "refused":
        intake.drop();
        this.#owner.bodyIllegal(this, read.error);
    }
  }

  #deliver(intake: Intake, from: number, to: number): void {
    if (this.#sink === undefined) return;
    this.#delivered += to - from;
    if (this.#sink.chunk(intake.keep(from, to))) return;
    // The sink may have cancelled or failed this body within the call.
    if (this.#state === "flowing") this.#state = "blocked";
  }
}
