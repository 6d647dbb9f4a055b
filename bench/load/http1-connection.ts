import { connect, type Socket } from "node:net";

import type { LoadSlot } from "./load-slot.ts";
import { HTTP1_GET } from "./requests.ts";

const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = /\r\ncontent-length: *(\d+)/i;

/**
 * A client connection that sends one prepared request at a time and knows as little HTTP as a load generator may:
 * answers must be 200 with a Content-Length.
 */
export class Http1Connection implements LoadSlot {
  readonly #socket: Socket;
  #answered: () => void = () => {};
  #received: Buffer = Buffer.alloc(0);

  constructor(port: number, broken: (reason: string) => void) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk, broken));
    this.#socket.on("error", (error) => broken(error.message));
    this.#socket.on("close", () => broken("closed"));
  }

  send(answered: () => void): void {
    this.#answered = answered;
    this.#socket.write(HTTP1_GET);
  }

  #read(chunk: Buffer, broken: (reason: string) => void): void {
    const bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = bytes.indexOf(HEAD_END);
    const head = headEnd < 0 ? "" : bytes.toString("latin1", 0, headEnd);
    const total = headEnd + HEAD_END.length + Number(LENGTH.exec(head)?.[1] ?? 0);
    if (headEnd < 0 || bytes.length < total) {
      this.#received = bytes;
      return;
    }
    if (!head.startsWith("HTTP/1.1 200") || bytes.length > total) return broken(head.slice(0, 200));
    this.#received = Buffer.alloc(0);
    this.#answered();
  }
}
