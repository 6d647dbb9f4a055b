import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server as HttpServer,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

import { Server, ServerCredentials, status, type ServerDuplexStream } from "@grpc/grpc-js";

import { contentHash } from "../../core/content-hash.ts";
import { controlPlane } from "../../proto/control-plane.ts";
import type { ControlMessage } from "../../proto/gen/mesh/v1/ControlMessage.ts";
import type { ControlPlaneHandlers } from "../../proto/gen/mesh/v1/ControlPlane.ts";
import type { Hello__Output } from "../../proto/gen/mesh/v1/Hello.ts";
import type { Intervals } from "../../proto/gen/mesh/v1/Intervals.ts";
import type { NodeMessage__Output } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import { certificate } from "./certificates.ts";
import { RESOURCE_TYPES, type ResourceName } from "../../sidecar/control/resource.ts";

type Stream = ServerDuplexStream<NodeMessage__Output, ControlMessage>;

export interface ControlPlaneOptions {
  /** Who says another token is refused; default: nobody is asked. */
  readonly token?: string;
  /** Default: reports come at once. */
  readonly intervals?: Intervals;
  /** Default: every report is confirmed. */
  readonly confirms?: boolean;
  /** Default: free ones. */
  readonly port?: number;
  /** Both ports by TLS, and nodes must show a certificate. Default: neither. */
  readonly tls?: boolean;
}

const TLS = {
  ca: certificate("ca.pem"),
  cert: certificate("server.pem"),
  key: certificate("server.key"),
  requestCert: true,
  rejectUnauthorized: true,
};
const GRPC_TLS = ServerCredentials.createSsl(TLS.ca, [{ cert_chain: TLS.cert, private_key: TLS.key }], true);

/** One node's stream as the control plane sees it. */
export class NodeStream {
  readonly hello: Hello__Output;
  /** As it stood in the metadata. */
  readonly token: string;
  readonly messages: NodeMessage__Output[] = [];
  readonly #stream: Stream;
  readonly #wanted = new Set<() => void>();
  #nonces = 0;
  ended = false;

  constructor(hello: Hello__Output, stream: Stream) {
    this.hello = hello;
    this.token = String(stream.metadata.get("authorization")[0] ?? "");
    this.#stream = stream;
  }

  send(message: ControlMessage): void {
    this.#stream.write(message);
  }

  /** Sends a resource and resolves to the answer: an Ack or a Nack. */
  async push(
    name: ResourceName,
    content: unknown,
    more: { readonly tombstone?: boolean; readonly hash?: string; readonly tick?: number } = {},
  ): Promise<NodeMessage__Output> {
    const { tombstone = false, hash = contentHash(content), tick = 1 } = more;
    const nonce = `n${++this.#nonces}`;
    const bytes = Buffer.from(JSON.stringify(content));
    this.send({ resource: { type: RESOURCE_TYPES[name], nonce, hash, tick, content: bytes, tombstone } });
    return this.until(({ ack, nack }) => ack?.nonce === nonce || nack?.nonce === nonce);
  }

  /** The first message of this stream that is waited for, sent already or not. */
  async until(wanted: (message: NodeMessage__Output) => boolean): Promise<NodeMessage__Output> {
    for (;;) {
      const found = this.messages.find(wanted);
      if (found !== undefined) return found;
      if (this.ended) throw new Error(`the stream ended; it said ${JSON.stringify(this.messages)}`);
      await new Promise<void>((resolve) => this.#wanted.add(resolve));
      this.#wanted.clear();
    }
  }

  /** Resolves when a package is in this state. */
  async staged(plugin: string, state: string): Promise<string> {
    const { stage } = await this.until(
      ({ stage: report }) => report?.plugin === plugin && report.state === state,
    );
    return stage?.detail ?? "";
  }

  /** Resolves when a report says this of a plugin. */
  async reported(plugin: string, state: string): Promise<NodeMessage__Output> {
    return this.until(
      ({ status: report }) =>
        report?.plugins.some((each) => each.plugin === plugin && each.state === state) ?? false,
    );
  }

  end(): void {
    this.#stream.end();
  }

  receive(message: NodeMessage__Output): void {
    this.messages.push(message);
    this.wake();
  }

  wake(): void {
    for (const resolve of this.#wanted) resolve();
  }
}

/** A control plane that says what a test wants, over real gRPC and HTTP. */
export class ScriptedControlPlane implements AsyncDisposable {
  readonly port: number;
  readonly artifactsPort: number;
  /** All streams so far. */
  readonly streams: NodeStream[] = [];
  /** Requests for artifacts: method, digest and range. */
  readonly requests: string[] = [];
  /** Answers requests for artifacts before anything else; true: it did. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  readonly #artifacts = new Map<string, Buffer>();
  readonly #server: Server;
  readonly #http: HttpServer;
  readonly #options: ControlPlaneOptions;
  readonly #waiting: ((stream: NodeStream) => void)[] = [];

  private constructor(options: ControlPlaneOptions, server: Server, http: HttpServer, port: number) {
    this.#options = options;
    this.#server = server;
    this.#http = http;
    this.port = port;
    this.artifactsPort = (http.address() as AddressInfo).port;
  }

  static async start(options: ControlPlaneOptions = {}): Promise<ScriptedControlPlane> {
    const server = new Server();
    const serve: RequestListener = (request, response) => plane.#serve(request, response);
    const http = options.tls === true ? createTlsServer(TLS, serve) : createServer(serve);
    const credentials = options.tls === true ? GRPC_TLS : ServerCredentials.createInsecure();
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const handlers: ControlPlaneHandlers = { Connect: (stream) => plane.#accept(stream as Stream) };
    server.addService(controlPlane, handlers);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const plane = new ScriptedControlPlane(options, server, http, port);
    return plane;
  }

  /** Flags and environment with which a sidecar finds it. */
  get settings(): Readonly<Record<string, string>> {
    const scheme = this.#options.tls === true ? "https" : "http";
    return {
      controlPlane: `127.0.0.1:${this.port}`,
      controlPlaneArtifacts: `${scheme}://127.0.0.1:${this.artifactsPort}/artifacts/`,
      ...(this.#options.token === undefined ? {} : { controlPlaneToken: this.#options.token }),
    };
  }

  /** The next stream that says Hello, or the last one that did, if it is open and nobody asked for it yet. */
  async connected(): Promise<NodeStream> {
    const open = this.streams.at(-1);
    if (open !== undefined && !open.ended && !this.#seen.has(open)) {
      this.#seen.add(open);
      return open;
    }
    const stream = await new Promise<NodeStream>((resolve) => this.#waiting.push(resolve));
    this.#seen.add(stream);
    return stream;
  }

  readonly #seen = new Set<NodeStream>();

  /** Keeps a zip; what `stage` says of it. */
  publish(
    plugin: string,
    version: string,
    zip: Buffer,
  ): { plugin: string; version: string; digest: string; size: number } {
    const digest = createHash("sha256").update(zip).digest("hex");
    this.#artifacts.set(digest, zip);
    return { plugin, version, digest, size: zip.length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  #accept(stream: Stream): void {
    const { token } = this.#options;
    if (token !== undefined && stream.metadata.get("authorization")[0] !== `Bearer ${token}`) {
      stream.emit("error", { code: status.UNAUTHENTICATED, details: "no such token" });
      return;
    }
    let node: NodeStream | undefined;
    stream.on("data", (message: NodeMessage__Output) => {
      if (node === undefined) node = this.#begin(message, stream);
      else this.#receive(node, message);
    });
    const over = (): void => {
      if (node !== undefined) node.ended = true;
      node?.wake();
    };
    stream.on("end", () => stream.end());
    stream.on("error", over);
    stream.on("close", over);
    stream.on("cancelled", over);
  }

  #begin({ hello }: NodeMessage__Output, stream: Stream): NodeStream {
    if (!hello) throw new Error("it did not begin with Hello");
    const node = new NodeStream(hello, stream);
    this.streams.push(node);
    const { intervals = { heartbeat: 200, scan: 1_000, avoid: 200, jitter: 1 } } = this.#options;
    stream.write({ welcome: { apiVersion: "mesh.v1", intervals, tick: 1 } });
    this.#waiting.shift()?.(node);
    return node;
  }

  #receive(node: NodeStream, message: NodeMessage__Output): void {
    node.receive(message);
    const { status: report } = message;
    if (report && this.#options.confirms !== false)
      node.send({ confirmation: { sequence: report.sequence } });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const digest = request.url?.split("/").at(-1) ?? "";
    this.requests.push(`${request.method} ${digest} ${request.headers.range ?? ""}`.trim());
    if (this.intercept?.(request, response) === true) return;
    const zip = this.#artifacts.get(digest);
    if (zip === undefined) return void response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from === 0) return void response.writeHead(200, { "content-length": zip.length }).end(zip);
    response
      .writeHead(206, { "content-range": `bytes ${from}-${zip.length - 1}/${zip.length}` })
      .end(zip.subarray(from));
  }
}
