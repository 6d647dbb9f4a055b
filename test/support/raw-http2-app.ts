import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { FLAG, FRAME, frame, PREFACE, settings } from "./http2-frames.ts";

export type Sending = (...frames: readonly Buffer[]) => void;

/** An app that speaks raw frames, as badly as a test wants. It acknowledges SETTINGS. */
export class RawHttp2App implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Since the start. */
  connections = 0;

  private constructor(
    opening: Buffer,
    onHeaders: (connection: number, stream: number, send: Sending) => void,
  ) {
    this.#server = createServer((socket) => {
      const connection = ++this.connections;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
      const send: Sending = (...frames) => void (socket.destroyed || socket.write(Buffer.concat(frames)));
      send(opening);
      readFrames(socket, (type, flags, stream) => {
        if (type === FRAME.settings && (flags & FLAG.ack) === 0) send(frame(FRAME.settings, FLAG.ack, 0));
        if (type === FRAME.headers) onHeaders(connection, stream, send);
      });
    });
  }

  /** `onHeaders` gets the number of the connection and of the stream; `opening` is what each connection begins with. */
  static async start(
    onHeaders: (connection: number, stream: number, send: Sending) => void,
    opening: Buffer = settings(),
  ): Promise<RawHttp2App> {
    const app = new RawHttp2App(opening, onHeaders);
    app.#server.listen(0, "127.0.0.1");
    await once(app.#server, "listening");
    return app;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function readFrames(socket: Socket, onFrame: (type: number, flags: number, stream: number) => void): void {
  let rest = Buffer.alloc(0);
  let begun = false;
  socket.on("data", (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    if (!begun && rest.length < PREFACE.length) return;
    if (!begun) rest = rest.subarray(PREFACE.length);
    begun = true;
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const [type, flags, stream] = [rest.readUInt8(3), rest.readUInt8(4), rest.readUInt32BE(5)];
      rest = rest.subarray(9 + rest.readUIntBE(0, 3));
      onFrame(type, flags, stream);
    }
  });
}
