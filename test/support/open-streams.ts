import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { get, request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";

import type { TestApp } from "./app.ts";

/** A WebSocket, server-sent events and a gRPC-shaped stream through one sidecar, opened once and kept. */
export class OpenStreams implements AsyncDisposable {
  readonly #socket: Duplex;
  readonly #events: IncomingMessage;
  readonly #session: ClientHttp2Session;
  readonly #call: ClientHttp2Stream;
  readonly #app: TestApp;

  private constructor(
    app: TestApp,
    socket: Duplex,
    events: IncomingMessage,
    session: ClientHttp2Session,
    call: ClientHttp2Stream,
  ) {
    this.#app = app;
    this.#socket = socket;
    this.#events = events;
    this.#session = session;
    this.#call = call;
  }

  static async open(port: number, app: TestApp): Promise<OpenStreams> {
    const upgrade = httpRequest({
      port,
      host: "127.0.0.1",
      path: "/socket",
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": randomBytes(16).toString("base64"),
      },
    });
    upgrade.end();
    const [, socket] = (await once(upgrade, "upgrade")) as [IncomingMessage, Duplex];
    const [events] = (await once(get({ port, host: "127.0.0.1", path: "/events" }), "response")) as [
      IncomingMessage,
    ];
    await once(events, "data");
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const call = session.request({
      ":method": "POST",
      ":path": "/demo.Echo/Stream",
      "content-type": "application/grpc",
      te: "trailers",
    });
    await once(call, "response");
    for (const stream of [socket, events, call]) stream.on("error", () => stream.destroy());
    return new OpenStreams(app, socket, events, session, call);
  }

  /** Sends something on each and waits for it to come; rejects when one of them is gone. */
  async exchange(text: string): Promise<void> {
    await Promise.all([
      arrives("the WebSocket", this.#socket, text, () => this.#socket.write(text)),
      arrives("the event stream", this.#events, text, () => this.#app.emit(text)),
      arrives("the gRPC stream", this.#call, text, () => this.#call.write(text)),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    this.#events.destroy();
    if (this.#session.destroyed) return;
    const closed = once(this.#session, "close");
    this.#session.destroy();
    await closed;
  }
}

function arrives(
  name: string,
  stream: Duplex | IncomingMessage,
  text: string,
  send: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = "";
    const take = (chunk: Buffer): void => {
      received += chunk.toString();
      if (received.includes(text)) settle(resolve);
    };
    const gone = (): void => settle(() => reject(new Error(`${name} closed before ${text} came`)));
    const settle = (how: () => void): void => {
      stream.off("data", take);
      stream.off("close", gone);
      how();
    };
    stream.on("data", take);
    stream.once("close", gone);
    if (stream.destroyed) gone();
    else send();
  });
}
