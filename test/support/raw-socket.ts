import { once } from "node:events";
import net, { type AddressInfo, type Server, type Socket } from "node:net";

/** One end of a connection as a test sees it: everything that came, and ways to wait for more. */
export class RawSocket implements AsyncDisposable {
  readonly socket: Socket;
  #received = "";
  #ended = false;
  #closed = false;
  #error: NodeJS.ErrnoException | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#note(() => (this.#received += chunk.toString("latin1"))));
    socket.on("end", () => this.#note(() => (this.#ended = true)));
    socket.on("error", (error) => this.#note(() => (this.#error = error)));
    socket.on("close", () => this.#note(() => (this.#closed = true)));
  }

  static async connect(port: number): Promise<RawSocket> {
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    return new RawSocket(socket);
  }

  /** Everything that came so far, latin1. */
  get received(): string {
    return this.#received;
  }

  /** What the connection broke with, `ECONNRESET` for instance. */
  get error(): string | undefined {
    return this.#error?.code;
  }

  write(text: string | Buffer): void {
    this.socket.write(typeof text === "string" ? Buffer.from(text, "latin1") : text);
  }

  /** Waits for everything received to satisfy this, at the latest until the connection is closed. */
  async until(satisfied: (received: string) => boolean): Promise<string> {
    while (!satisfied(this.#received)) {
      if (this.#closed) throw new Error(`closed after ${JSON.stringify(this.#received)}`);
      await this.#changed.promise;
    }
    return this.#received;
  }

  async untilText(text: string): Promise<string> {
    return this.until((received) => received.includes(text));
  }

  /** Waits for the peer's FIN or a reset, and gives everything that came before. */
  async untilEnd(): Promise<string> {
    while (!this.#ended && !this.#closed) await this.#changed.promise;
    return this.#received;
  }

  async untilClosed(): Promise<string> {
    while (!this.#closed) await this.#changed.promise;
    return this.#received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.untilClosed();
  }

  #note(change: () => void): void {
    change();
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** A server that only hands out connections; what is said on them is the test's. */
export class RawServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: RawSocket[] = [];
  readonly #waiting: ((socket: RawSocket) => void)[] = [];
  #served = 0;

  private constructor(scripted: ((socket: RawSocket) => void) | undefined) {
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => {
      const raw = new RawSocket(socket);
      this.#sockets.push(raw);
      scripted?.(raw);
      this.#waiting.shift()?.(raw);
    });
  }

  /** `scripted` is called with each connection; without it, tests take them by `accepted`. */
  static async listen(scripted?: (socket: RawSocket) => void): Promise<RawServer> {
    const server = new RawServer(scripted);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections came so far. */
  get accepted(): number {
    return this.#sockets.length;
  }

  /** Those that their clients have neither closed nor reset. */
  get open(): number {
    return this.#sockets.filter(({ socket }) => !socket.destroyed && !socket.readableEnded).length;
  }

  /** The next connection that was not given yet, in the order in which they came. */
  async accept(): Promise<RawSocket> {
    const there = this.#sockets[this.#served++];
    if (there !== undefined) return there;
    const { promise, resolve } = Promise.withResolvers<RawSocket>();
    this.#waiting.push(resolve);
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await Promise.all(this.#sockets.map((socket) => socket[Symbol.asyncDispose]()));
  }
}
