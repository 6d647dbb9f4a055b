import { connectionOptions } from "../../../core/headers/connection-options.ts";
import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { FIELD } from "../../../core/headers/known-fields.ts";
import { tokenList } from "../../../core/headers/token-list.ts";
import type { WireLimits } from "../limits.ts";
import { WireError } from "../wire-error.ts";
import { type AskedRequest, parseLength, responseFraming } from "./framing.ts";
import { HeadScanner } from "./head-scanner.ts";
import { keepAliveTimeout } from "./keep-alive-hint.ts";
import type { Framing, HeadRead, HeadReader, ParsedResponse } from "./message.ts";
import { MORE, REFUSED } from "./scan.ts";
import { StatusLine } from "./status-line.ts";

const NEEDS_MORE = { kind: "more" } as const;

/**
 * Reads the heads of an app's answers as strictly as requests are read: an answer that is ambiguous must not reach
 * anyone. `expect` says before each request what is asked; any number of 1xx and one final answer are read for it.
 */
export class ResponseReader implements HeadReader<ParsedResponse> {
  readonly #scanner: HeadScanner<StatusLine>;
  #asked: AskedRequest | undefined;

  constructor(limits: WireLimits) {
    this.#scanner = new HeadScanner(new StatusLine(), limits);
  }

  get started(): boolean {
    return this.#scanner.started;
  }

  /** To be called when a request is sent, since the answer's framing depends on it. */
  expect(request: AskedRequest): void {
    this.#asked = request;
  }

  read(chunk: Buffer, at: number): HeadRead<ParsedResponse> {
    if (at >= chunk.length) return NEEDS_MORE;
    if (this.#asked === undefined) return refused("an answer that nobody asked for");
    const next = this.#scanner.read(chunk, at);
    if (next === MORE) return NEEDS_MORE;
    if (next === REFUSED) return refused(this.#scanner.fault?.detail ?? "");
    const result = this.#understand(this.#asked, next);
    this.#scanner.reset();
    return result;
  }

  #understand(asked: AskedRequest, next: number): HeadRead<ParsedResponse> {
    const { line, fields, text } = this.#scanner;
    const headers = new HeaderBlock(text, fields.offsets(), fields.traits);
    const framing = responseFraming(asked, line.status, { minor: line.minor, headers, known: fields });
    if (framing.kind === "refused") return refused(framing.detail);
    const options = connectionOptions(
      headers,
      fields.first(FIELD.connection),
      fields.repeats(FIELD.connection),
    );
    if (options === undefined) return refused("a malformed Connection field");
    // Who closes behind it cannot send the final answer.
    if (line.status < 200 && options.close) return refused("1xx that ends its connection");
    if (line.status === 101 && !switchesToWebSocket(headers, options.upgrade))
      return refused("101 that does not switch to what was asked");
    if (line.status === 101 || line.status >= 200) this.#asked = undefined;
    const parsed = {
      head: { status: line.status, headers },
      framing,
      // RFC 9112 §9.3, as for requests: HTTP/1.0 always ends with its connection.
      keepAlive: line.minor === 1 && !options.close && framing.kind !== "close" && framing.kind !== "tunnel",
      announced: this.#announced(headers, framing),
      keepAliveHint: this.#keepAliveHint(headers),
    };
    return { kind: "head", parsed, next };
  }

  #announced(headers: HeaderBlock, framing: Framing): number | undefined {
    const length = this.#scanner.fields.first(FIELD.contentLength);
    const { status } = this.#scanner.line;
    // 1xx and 204 may not have a length at all (RFC 9110 §8.6).
    if (framing.kind !== "none" || length < 0 || status < 200 || status === 204) return undefined;
    return parseLength(headers.value(length));
  }

  #keepAliveHint(headers: HeaderBlock): number | undefined {
    const hint = this.#scanner.fields.first(FIELD.keepAlive);
    return hint < 0 ? undefined : keepAliveTimeout(headers.value(hint));
  }
}

/** RFC 9110 §15.2.2: who switches protocols says to which, and websocket is all that is ever offered. */
function switchesToWebSocket(headers: HeaderBlock, connectionUpgrade: boolean): boolean {
  const upgrades = tokenList(headers.all("upgrade").join(","));
  return connectionUpgrade && upgrades?.length === 1 && upgrades[0] === "websocket";
}

function refused(detail: string): HeadRead<ParsedResponse> {
  return { kind: "refused", error: new WireError("upstream_invalid", detail) };
}
