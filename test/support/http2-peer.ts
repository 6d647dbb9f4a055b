import { connect, type Socket } from "node:net";
import { once } from "node:events";

import { FLAG, FRAME, PREFACE, frame, settings } from "./http2-frames.ts";

export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A client that writes whatever bytes a test wants, and reads frames. */
export class Http2Peer implements AsyncDisposable {
  readonly socket: Socket;
  readonly received: ReceivedFrame[] = [];
  readonly #waiting = new Set<() => void>();
  #rest: Buffer = Buffer.alloc(0);
  #closed = false;

  private constructor(socket: Socket, answering: boolean) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => this.#read(bytes, answering));
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** `answering`: acknowledges SETTINGS and PING as a peer should. */
  static async connect(port: number, answering = true): Promise<Http2Peer> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new Http2Peer(socket, answering);
  }

  /** Preface and SETTINGS, then whatever else. */
  begin(...frames: readonly Buffer[]): this {
    return this.send(PREFACE, settings(), ...frames);
  }

  send(...frames: readonly Buffer[]): this {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
    return this;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The first frame, received or to come, that `matches`; rejects when the connection closes without one. */
  async frame(matches: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame> {
    for (;;) {
      const found = this.received.find(matches);
      if (found !== undefined) return found;
      if (this.#closed) throw new Error("the connection closed before the frame came");
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves with the error code by which a stream was reset. */
  async reset(stream: number): Promise<number> {
    const found = await this.frame((frame) => frame.type === FRAME.resetStream && frame.stream === stream);
    return found.payload.readUInt32BE(0);
  }

  /** Resolves with the error code of GOAWAY. */
  async goaway(): Promise<number> {
    return (await this.frame((frame) => frame.type === FRAME.goaway)).payload.readUInt32BE(4);
  }

  async untilClosed(): Promise<void> {
    while (!this.#closed) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.untilClosed();
  }

  #read(bytes: Buffer, answering: boolean): void {
    let rest = Buffer.concat([this.#rest, bytes]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const end = 9 + rest.readUIntBE(0, 3);
      const received: ReceivedFrame = {
        type: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        stream: rest.readUInt32BE(5),
        payload: rest.subarray(9, end),
      };
      this.received.push(received);
      if (answering) this.#answer(received);
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    this.#wake();
  }

  #answer({ type, flags, payload }: ReceivedFrame): void {
    if ((type === FRAME.settings || type === FRAME.ping) && (flags & FLAG.ack) === 0)
      this.send(frame(type, FLAG.ack, 0, type === FRAME.ping ? payload : Buffer.alloc(0)));
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }
}
