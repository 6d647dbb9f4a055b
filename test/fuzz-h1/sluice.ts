import { ChunkedReader } from "../../sidecar/http/h1/chunked-reader.ts";
import type { Framing, ParsedRequest, ParsedResponse } from "../../sidecar/http/h1/message.ts";
import { RequestReader } from "../../sidecar/http/h1/request-reader.ts";
import { ResponseReader } from "../../sidecar/http/h1/response-reader.ts";
import { DEFAULT_WIRE_LIMITS } from "../../sidecar/http/limits.ts";
import type { WireError } from "../../sidecar/http/wire-error.ts";
import type { WireCase } from "./cases.ts";
import { type Observation, piecesOf, type SeenMessage } from "./observation.ts";

/** Reads a connection's requests with the codec, as a server would that answers all of them. */
export function readRequests(wire: WireCase): Observation {
  const reader = new RequestReader(DEFAULT_WIRE_LIMITS);
  const reading = new Reading("request", (chunk, at) => reader.read(chunk, at), describeRequest);
  return reading.run(wire);
}

/** Reads an answer with the codec, as a client would that sent one request. */
export function readResponses(wire: WireCase): Observation {
  const reader = new ResponseReader(DEFAULT_WIRE_LIMITS);
  reader.expect({ method: wire.asked, upgrade: false });
  const reading = new Reading("response", (chunk, at) => reader.read(chunk, at), describeResponse);
  return reading.run(wire);
}

type ReadHead<Parsed> = (
  chunk: Buffer,
  at: number,
) =>
  | { readonly kind: "more" }
  | { readonly kind: "refused"; readonly error: WireError }
  | { readonly kind: "head"; readonly parsed: Parsed; readonly next: number };

interface Described {
  readonly line: string;
  readonly headers: readonly string[];
  readonly framing: Framing;
  /** Nothing behind this message is read. */
  readonly last: boolean;
}

/** The raw target, from the text that the head lies in: what other parsers report. */
function describeRequest({ head, framing, keepAlive }: ParsedRequest): Described {
  const target = head.headers.text.split(" ", 2)[1] ?? "";
  const line = `${head.method} ${target} ${head.protocol.slice("http/".length)}`;
  return { line, headers: head.headers.toFlat(), framing, last: !keepAlive || head.method === "CONNECT" };
}

function describeResponse({ head, framing }: ParsedResponse): Described {
  const version = head.headers.text.slice("HTTP/".length, "HTTP/1.1".length);
  const informed = head.status < 200;
  return { line: `${head.status} ${version}`, headers: head.headers.toFlat(), framing, last: !informed };
}

type Draft = { -readonly [Key in keyof SeenMessage]: SeenMessage[Key] } & { last: boolean };

class Reading<Parsed> {
  readonly #side: "request" | "response";
  readonly #readHead: ReadHead<Parsed>;
  readonly #describe: (parsed: Parsed) => Described;
  readonly #messages: Draft[] = [];
  #body: { readonly framing: Framing; readonly chunked: ChunkedReader; left: number } | undefined;
  #refused: string | undefined;
  #stopped = false;
  /** The last step ended a message. */
  #ended = false;

  constructor(
    side: "request" | "response",
    readHead: ReadHead<Parsed>,
    describe: (parsed: Parsed) => Described,
  ) {
    this.#side = side;
    this.#readHead = readHead;
    this.#describe = describe;
  }

  run(wire: WireCase): Observation {
    let passed = 0;
    let headStart = 0;
    for (const piece of piecesOf(wire)) {
      let at = 0;
      while (at < piece.length && !this.#stopped && this.#refused === undefined) {
        at = this.#body === undefined ? this.#head(piece, at) : this.#bodyBytes(piece, at);
        if (this.#body === undefined && this.#ended) headStart = passed + at;
      }
      passed += piece.length;
    }
    const pending = this.#body === undefined ? wire.bytes.toString("latin1", headStart) : "";
    return { messages: this.#messages, refused: this.#refused, stopped: this.#stopped, pending };
  }

  #head(piece: Buffer, at: number): number {
    this.#ended = false;
    const read = this.#readHead(piece, at);
    if (read.kind === "more") return piece.length;
    if (read.kind === "refused") return this.#refuse(piece, read.error);
    const { line, headers, framing, last } = this.#describe(read.parsed);
    this.#messages.push({ line, headers, body: Buffer.alloc(0), complete: false, trailers: [], last });
    const length = framing.kind === "length" ? framing.length : 0;
    this.#body = { framing, chunked: new ChunkedReader(DEFAULT_WIRE_LIMITS, this.#side), left: length };
    if (framing.kind === "tunnel") this.#stopped = true;
    else if (framing.kind === "none" || (framing.kind === "length" && length === 0)) this.#end([]);
    return read.next;
  }

  #bodyBytes(piece: Buffer, at: number): number {
    const message = this.#messages.at(-1);
    const body = this.#body;
    if (message === undefined || body === undefined) throw new Error("bytes of no message");
    if (body.framing.kind === "chunked") return this.#chunkedBytes(message, body.chunked, piece, at);
    const end = body.framing.kind === "close" ? piece.length : Math.min(piece.length, at + body.left);
    message.body = Buffer.concat([message.body, piece.subarray(at, end)]);
    body.left -= end - at;
    if (body.framing.kind === "length" && body.left === 0) this.#end([]);
    return end;
  }

  #chunkedBytes(message: Draft, reader: ChunkedReader, piece: Buffer, at: number): number {
    const read = reader.read(piece, at);
    if (read.kind === "more") return piece.length;
    if (read.kind === "refused") return this.#refuse(piece, read.error);
    if (read.kind === "data") message.body = Buffer.concat([message.body, read.bytes]);
    else this.#end(read.trailers?.toFlat() ?? []);
    return read.next;
  }

  #end(trailers: readonly string[]): void {
    const message = this.#messages.at(-1);
    if (message === undefined) return;
    message.complete = true;
    message.trailers = trailers;
    this.#ended = true;
    this.#stopped = message.last;
    this.#body = undefined;
  }

  #refuse(piece: Buffer, error: WireError): number {
    this.#refused = `${error.code}: ${error.message}`;
    return piece.length;
  }
}
