import { RawServer, type RawSocket } from "../support/raw-socket.ts";

/** Nothing but what a sidecar may write: one spelling for each thing that could be said in several ways. */
const HEAD =
  /^[!-~]+ (?:\/[!-~]*|\*|[!-~]+:\d+) HTTP\/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?\r\n)+\r\n/;
const CHUNK_SIZE = /^(?:0|[1-9a-f][0-9a-f]*)\r\n/;
const TRAILERS = /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~\x80-\xff]*\r\n)*\r\n/;

/** Answers a request that has come whole, its bytes as they came; what it returns is written as it is. */
export type Answering = (request: string, connection: RawSocket) => string;

/**
 * An app that keeps every byte it is sent, takes the bytes apart by the narrowest grammar there is, and remembers what
 * does not fit it.
 */
export class RecordingOrigin implements AsyncDisposable {
  readonly server: RawServer;
  /** Every byte of every connection, in the order in which they came. */
  received = "";
  /** Whole requests, byte for byte, in the order in which they became whole. */
  readonly requests: string[] = [];
  /** What is no canonical HTTP/1.1. */
  readonly violations: string[] = [];

  private constructor(server: RawServer) {
    this.server = server;
  }

  static async start(answer: Answering): Promise<RecordingOrigin> {
    const listening: { origin?: RecordingOrigin } = {};
    const server = await RawServer.listen((connection) => listening.origin?.record(connection, answer));
    const origin = new RecordingOrigin(server);
    listening.origin = origin;
    return origin;
  }

  get port(): number {
    return this.server.port;
  }

  /** For `start` only. */
  record(connection: RawSocket, answer: Answering): void {
    let at = 0;
    connection.socket.on("data", (bytes: Buffer) => {
      this.received += bytes.toString("latin1");
      for (;;) {
        const rest = connection.received.slice(at);
        const length = this.#wholeRequest(rest);
        if (length === undefined) return;
        at += length;
        const request = rest.slice(0, length);
        this.requests.push(request);
        connection.write(answer(request, connection));
      }
    });
    connection.socket.on("end", () => connection.socket.end());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  /** How long the request at the start of `bytes` is; undefined while it is not whole. */
  #wholeRequest(bytes: string): number | undefined {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const head = bytes.slice(0, end + 4);
    if (!HEAD.test(head)) return this.#violated("a head", head);
    if (names(head, "host").length !== 1) return this.#violated("not one Host", head);
    const lengths = names(head, "content-length");
    const codings = names(head, "transfer-encoding");
    if (lengths.length + codings.length > 1) return this.#violated("two lengths", head);
    if (codings.length === 1)
      return codings[0] === "chunked" ? this.#chunks(bytes, head.length) : this.#violated("a coding", head);
    const length = lengths[0] ?? "0";
    if (!/^(?:0|[1-9]\d*)$/.test(length)) return this.#violated("a length", head);
    const whole = head.length + Number(length);
    return bytes.length < whole ? undefined : whole;
  }

  #chunks(bytes: string, from: number): number | undefined {
    let at = from;
    for (;;) {
      const lineEnd = bytes.indexOf("\n", at);
      if (lineEnd < 0) return undefined;
      const line = bytes.slice(at, lineEnd + 1);
      if (!CHUNK_SIZE.test(line)) return this.#violated("a chunk size", line);
      const size = Number.parseInt(line, 16);
      at = lineEnd + 1;
      if (size === 0) return this.#trailers(bytes, at);
      if (bytes.length < at + size + 2) return undefined;
      if (bytes.slice(at + size, at + size + 2) !== "\r\n")
        return this.#violated("a chunk's end", bytes.slice(at));
      at += size + 2;
    }
  }

  #trailers(bytes: string, from: number): number | undefined {
    const rest = bytes.slice(from);
    if (!rest.startsWith("\r\n") && !rest.includes("\r\n\r\n")) return undefined;
    const match = TRAILERS.exec(rest);
    return match === null ? this.#violated("trailers", rest) : from + match[0].length;
  }

  #violated(what: string, bytes: string): undefined {
    this.violations.push(`${what}: ${JSON.stringify(bytes)}`);
    return undefined;
  }
}

/** The values of a field in a canonical head. */
function names(head: string, name: string): string[] {
  return head
    .split("\r\n")
    .filter((line) => line.toLowerCase().startsWith(`${name}: `))
    .map((line) => line.slice(name.length + 2));
}
