import { connect, type Socket } from "node:net";

import { data, FLAG, FRAME, frame, PREFACE, settings } from "../../test/support/http2-frames.ts";
import { FrameReader, WIDE_WINDOW } from "./frame-reader.ts";
import type { LoadSlot } from "./load-slot.ts";
import { prepareHeaders, type PreparedHeaders } from "./prepared-headers.ts";
import { GRPC_CALL, GRPC_MESSAGE, H2_GET } from "./requests.ts";

const STATUS_200 = 0x88;

/** A client connection of HTTP/2 that sends prepared frames; answers must be 200. */
export class H2Connection {
  readonly #socket: Socket;
  readonly #body: Buffer | undefined;
  readonly #headers: PreparedHeaders;
  readonly #open = new Map<number, () => void>();
  #nextStream = 1;

  constructor(port: number, workload: "h2" | "grpc", broken: (reason: string) => void) {
    this.#body = workload === "grpc" ? GRPC_MESSAGE : undefined;
    this.#headers = prepareHeaders(workload === "grpc" ? GRPC_CALL : H2_GET);
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.write(Buffer.concat([PREFACE, settings(), WIDE_WINDOW]));
    const reader = new FrameReader(
      (bytes) => this.#socket.write(bytes),
      (type, flags, stream, payload) => {
        if (type === FRAME.resetStream || type === FRAME.goaway) return broken(payload.toString("hex"));
        if (type === FRAME.headers && !isGood(payload, flags)) return broken(payload.toString("hex"));
        if ((type === FRAME.headers || type === FRAME.data) && (flags & FLAG.endStream) !== 0) {
          this.#answered(stream);
        }
      },
    );
    this.#socket.on("data", (chunk: Buffer) => reader.push(chunk));
    this.#socket.on("error", (error) => broken(error.message));
    this.#socket.on("close", () => broken("closed"));
  }

  /** As many as may be in flight at once. */
  slots(count: number): LoadSlot[] {
    return Array.from({ length: count }, () => ({ send: (answered: () => void) => this.#send(answered) }));
  }

  #send(answered: () => void): void {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#open.set(stream, answered);
    const block = stream === 1 ? this.#headers.first : this.#headers.later;
    const ends = this.#body === undefined ? FLAG.endStream : 0;
    const head = frame(FRAME.headers, FLAG.endHeaders | ends, stream, block);
    this.#socket.write(
      this.#body === undefined ? head : Buffer.concat([head, data(stream, this.#body, FLAG.endStream)]),
    );
  }

  #answered(stream: number): void {
    const answered = this.#open.get(stream);
    this.#open.delete(stream);
    answered?.();
  }
}

/** Trailers end the stream and have no status; a table size update may stand before it (RFC 7541 §6.3). */
function isGood(block: Buffer, flags: number): boolean {
  if ((flags & FLAG.endStream) !== 0) return true;
  let at = 0;
  while (((block[at] ?? 0) & 0xe0) === 0x20) at++;
  return block[at] === STATUS_200;
}
