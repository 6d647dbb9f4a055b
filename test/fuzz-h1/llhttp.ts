import { type ClientRequest, type IncomingMessage, request, Server } from "node:http";
import { Duplex } from "node:stream";

import type { WireCase } from "./cases.ts";
import { type Observation, piecesOf, type SeenMessage } from "./observation.ts";

/**
 * node:http in its strict mode as the other reader. Bytes are handed to its data listener as a socket would, which
 * parses them at once: no socket is needed, and what was parsed can be read off right behind it.
 */
export class LlhttpServer implements Disposable {
  readonly #server = new Server({ insecureHTTPParser: false, requireHostHeader: false });
  #requests: IncomingMessage[] = [];
  #refused: string | undefined;
  #stopped = false;

  constructor() {
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
    this.#server.keepAliveTimeout = 0;
    // All three kinds of requests are only looked at: an answer would say nothing about how they were read.
    for (const event of ["request", "checkContinue", "checkExpectation"])
      this.#server.on(event, (message: IncomingMessage) => this.#requests.push(message));
    this.#server.on("connect", (message: IncomingMessage) => {
      this.#requests.push(message);
      this.#stopped = true;
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException) => {
      this.#refused ??= error.code ?? error.message;
    });
  }

  read(wire: WireCase): Observation {
    this.#requests = [];
    this.#refused = undefined;
    this.#stopped = false;
    const socket = silentSocket();
    this.#server.emit("connection", socket);
    for (const piece of piecesOf(wire)) {
      if (this.#stopped || this.#refused !== undefined) break;
      socket.emit("data", Buffer.from(piece));
    }
    const messages = this.#requests.map((message) =>
      seen(message, `${message.method} ${message.url} ${message.httpVersion}`, this.#stopped),
    );
    socket.destroy();
    return { messages, refused: this.#refused, stopped: this.#stopped, pending: "" };
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }
}

/** Reads answers with node:http's client; each case needs a turn of the event loop, so they are given many at once. */
export async function readAnswers(wires: readonly WireCase[]): Promise<readonly Observation[]> {
  const askings = wires.map((wire) => new Asking(wire));
  // The client takes its socket in a tick of its own.
  await new Promise(setImmediate);
  return askings.map((asking) => asking.read());
}

class Asking {
  readonly #wire: WireCase;
  readonly #socket = silentSocket();
  readonly #request: ClientRequest;
  readonly #messages: SeenMessage[] = [];
  #response: IncomingMessage | undefined;
  #refused: string | undefined;
  #stopped = false;

  constructor(wire: WireCase) {
    this.#wire = wire;
    this.#request = request({ method: wire.asked, createConnection: () => this.#socket });
    this.#request.on("information", ({ statusCode, httpVersion, rawHeaders }) => {
      const line = `${statusCode} ${httpVersion}`;
      this.#messages.push({ line, headers: rawHeaders, body: Buffer.alloc(0), complete: true, trailers: [] });
    });
    this.#request.on("response", (response) => {
      this.#response = response;
      response.on("error", () => undefined);
    });
    this.#request.on("upgrade", (response) => {
      this.#response = response;
      this.#stopped = true;
    });
    this.#request.on("error", (error: NodeJS.ErrnoException) => {
      this.#refused ??= error.code ?? error.message;
    });
    this.#request.end();
  }

  read(): Observation {
    for (const piece of piecesOf(this.#wire)) {
      if (this.#stopped || this.#refused !== undefined) break;
      this.#socket.emit("data", Buffer.from(piece));
    }
    const response = this.#response;
    if (response !== undefined)
      this.#messages.push(seen(response, `${response.statusCode} ${response.httpVersion}`, this.#stopped));
    this.#socket.destroy();
    return { messages: this.#messages, refused: this.#refused, stopped: this.#stopped, pending: "" };
  }
}

function seen(message: IncomingMessage, line: string, tunnel: boolean): SeenMessage {
  const pieces: Buffer[] = [];
  for (let piece = readPiece(message); piece !== null; piece = readPiece(message)) pieces.push(piece);
  const { rawHeaders, rawTrailers } = message;
  const complete = message.complete || tunnel;
  return { line, headers: rawHeaders, body: Buffer.concat(pieces), complete, trailers: rawTrailers };
}

function readPiece(message: IncomingMessage): Buffer | null {
  return message.read() as Buffer | null;
}

/** Takes what is written and says nothing. */
function silentSocket(): Duplex {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  socket.on("error", () => undefined);
  return socket;
}
