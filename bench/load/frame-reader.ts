import { FLAG, FRAME, frame, windowUpdate } from "../../test/support/http2-frames.ts";

const FRAME_HEAD = 9;
/** Bytes of data after which the peer is given that much room again. */
const WINDOW = 1024 * 1024;

/** Called with each frame of HTTP/2, those included that the reader has answered itself. */
export type FrameVisitor = (type: number, flags: number, stream: number, payload: Buffer) => void;

/** Takes frames apart, acknowledges settings and pings, and keeps the connection's window open. */
export class FrameReader {
  readonly #visit: FrameVisitor;
  readonly #write: (bytes: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);
  #received = 0;

  constructor(write: (bytes: Buffer) => void, visit: FrameVisitor) {
    this.#write = write;
    this.#visit = visit;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_HEAD) {
      const end = at + FRAME_HEAD + bytes.readUIntBE(at, 3);
      if (bytes.length < end) break;
      const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
      this.#frame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, stream, bytes.subarray(at + FRAME_HEAD, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if ((type === FRAME.settings || type === FRAME.ping) && (flags & FLAG.ack) === 0) {
      this.#write(frame(type, FLAG.ack, 0, type === FRAME.ping ? payload : undefined));
    }
    if (type === FRAME.data) this.#receive(payload.length);
    this.#visit(type, flags, stream, payload);
  }

  #receive(bytes: number): void {
    this.#received += bytes;
    if (this.#received < WINDOW) return;
    this.#write(windowUpdate(0, this.#received));
    this.#received = 0;
  }
}

/** What each side says first, behind the preface: a window that is never the limit. */
export const WIDE_WINDOW: Buffer = windowUpdate(0, 16 * WINDOW);
