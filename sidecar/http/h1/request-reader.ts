import { applyEdits } from "../../../core/headers/apply-edits.ts";
import { type ConnectionOptions, connectionOptions } from "../../../core/headers/connection-options.ts";
import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { FIELD } from "../../../core/headers/known-fields.ts";
import { trimWhiteSpace } from "../../../core/headers/token-list.ts";
import { isAuthority, LONGEST_KEPT_AUTHORITY } from "../authority.ts";
import type { WireLimits } from "../limits.ts";
import { WireError, type WireErrorCode } from "../wire-error.ts";
import { requestFraming } from "./framing.ts";
import { HeadScanner } from "./head-scanner.ts";
import type { Framing, HeadRead, HeadReader, ParsedRequest } from "./message.ts";
import { RequestLine } from "./request-line.ts";
import { readTarget } from "./request-target.ts";
import { MORE, REFUSED } from "./scan.ts";

const NEEDS_MORE = { kind: "more" } as const;

/** Reads the heads of requests, strictly: what two parsers could read in two ways is refused (RFC 9112 §3, §11.2). */
export class RequestReader implements HeadReader<ParsedRequest> {
  readonly #scanner: HeadScanner<RequestLine>;
  /** The last legal Host: a connection nearly always asks for one. */
  #lastHost = "";

  constructor(limits: WireLimits) {
    this.#scanner = new HeadScanner(new RequestLine(limits.targetBytes), limits);
  }

  get started(): boolean {
    return this.#scanner.started;
  }

  read(chunk: Buffer, at: number): HeadRead<ParsedRequest> {
    if (at >= chunk.length) return NEEDS_MORE;
    const next = this.#scanner.read(chunk, at);
    if (next === MORE) return NEEDS_MORE;
    if (next === REFUSED) {
      const { code = "bad_request", detail = "" } = this.#scanner.fault ?? {};
      return refused(code, detail);
    }
    const result = this.#understand(next);
    this.#scanner.reset();
    return result;
  }

  /** The head is legal byte for byte; now what it means. */
  #understand(next: number): HeadRead<ParsedRequest> {
    const { line, fields, text } = this.#scanner;
    const method = text.slice(0, line.methodEnd);
    // RFC 9113 §11.6: never a method, only the first word of an HTTP/2 connection.
    if (method === "PRI") return refused("bad_request", "PRI outside of an HTTP/2 preface");
    const target = readTarget(method, text.slice(line.methodEnd + 1, line.targetEnd));
    if (target.kind === "refused") return refused("bad_request", target.detail);
    const arrived = new HeaderBlock(text, fields.offsets(), fields.traits);
    const framing = requestFraming(method, { minor: line.minor, headers: arrived, known: fields });
    if (framing.kind === "refused") return refused(framing.code, framing.detail);
    const options = connectionOptions(
      arrived,
      fields.first(FIELD.connection),
      fields.repeats(FIELD.connection),
    );
    if (options === undefined) return refused("bad_request", "a malformed Connection field");
    const host = this.#host(arrived);
    if (host === undefined) return refused("bad_request", "Host is missing, repeated or malformed");
    const expects = this.#expectsContinue(arrived, framing);
    if (expects === undefined) return refused("expectation_failed", "an expectation other than 100-continue");

    const headers = target.authority === undefined ? arrived : withHost(arrived, host, target.authority);
    const head = {
      protocol: line.minor === 1 ? "http/1.1" : "http/1.0",
      method,
      target: target.target,
      authority: target.authority ?? host,
      headers,
      upgrade: this.#isUpgrade(method, arrived, framing, options),
      expectsContinue: expects,
    } as const;
    return { kind: "head", parsed: { head, framing, keepAlive: this.#keepsAlive(options) }, next };
  }

  /** RFC 9112 §3.2: exactly one in HTTP/1.1; may be missing in HTTP/1.0, and is empty here then. */
  #host(headers: HeaderBlock): string | undefined {
    const { line, fields } = this.#scanner;
    const first = fields.first(FIELD.host);
    if (first < 0) return line.minor === 0 ? "" : undefined;
    const host = headers.value(first);
    if (fields.repeats(FIELD.host)) return undefined;
    if (host === this.#lastHost && host !== "") return this.#lastHost;
    if (!isAuthority(host)) return undefined;
    if (host.length > LONGEST_KEPT_AUTHORITY) return host;
    // A copy: V8 would keep the whole head that it was cut from, for as long as the connection is idle.
    return (this.#lastHost = Buffer.from(host, "latin1").toString("latin1"));
  }

  /**
   * RFC 9112 §9.3. HTTP/1.0 connections are always closed: its `keep-alive` breaks behind proxies that pass the
   * field on without knowing it (§C.2.2), and closing is never wrong.
   */
  #keepsAlive(options: ConnectionOptions): boolean {
    return this.#scanner.line.minor === 1 && !options.close;
  }

  /** RFC 9110 §10.1.1: not in HTTP/1.0, not where no body follows; undefined for what nobody can meet. */
  #expectsContinue(headers: HeaderBlock, framing: Framing): boolean | undefined {
    const { line, fields } = this.#scanner;
    const first = fields.first(FIELD.expect);
    if (first < 0 || line.minor === 0) return false;
    if (fields.repeats(FIELD.expect) || !headers.valueEquals(first, "100-continue")) return undefined;
    return framing.kind !== "none";
  }

  /** RFC 9110 §7.8 and RFC 6455 §4.1. Any other upgrade is declined by saying nothing of it. */
  #isUpgrade(method: string, headers: HeaderBlock, framing: Framing, options: ConnectionOptions): boolean {
    if (!options.upgrade || method !== "GET" || this.#scanner.line.minor === 0) return false;
    if (framing.kind !== "none" || this.#scanner.fields.first(FIELD.upgrade) < 0) return false;
    return namesWebSocket(headers.all("upgrade"));
  }
}

/** RFC 9112 §3.2.2: Host is replaced by what the target said, so that whoever looks at it sees where this goes. */
function withHost(headers: HeaderBlock, host: string, authority: string): HeaderBlock {
  return host === authority ? headers : applyEdits(headers, [{ name: "Host", values: [authority] }]);
}

/** Others that are offered beside it may have versions (`TLS/1.0`); nothing but this is offered to the app. */
function namesWebSocket(values: readonly string[]): boolean {
  const protocols = values.join(",").split(",");
  return protocols.some((protocol) => trimWhiteSpace(protocol).toLowerCase() === "websocket");
}

function refused(code: WireErrorCode, detail: string): HeadRead<ParsedRequest> {
  return { kind: "refused", error: new WireError(code, detail) };
}
