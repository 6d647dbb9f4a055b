import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  status as Status,
  type ServerDuplexStream,
} from "@grpc/grpc-js";

import { controlPlane } from "../../proto/control-plane.ts";

const { path, requestDeserialize, responseDeserialize } = controlPlane.Connect;
const asItIs = (bytes: Buffer): Buffer => bytes;

/** Connect, but its messages stay the bytes that they are. */
const BYTES = {
  Connect: {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  },
};

/** Stands between nodes and the push port, hands on every byte, and counts what is sent to each node. */
export class CountedPush implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #client: Client;
  /** By node: hash of a resource by its type, as often as it was sent. */
  readonly #sent = new Map<string, string[]>();

  private constructor(server: Server, port: number, client: Client) {
    this.#server = server;
    this.port = port;
    this.#client = client;
  }

  /** `port`: of the control plane. */
  static async start(port: number): Promise<CountedPush> {
    const server = new Server();
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const own = Promise.withResolvers<number>();
    const counted = Promise.withResolvers<CountedPush>();
    server.addService(BYTES, {
      Connect: (call: ServerDuplexStream<Buffer, Buffer>) =>
        void counted.promise.then((push) => push.#handOn(call)),
    });
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? own.resolve(bound) : own.reject(error),
    );
    counted.resolve(new CountedPush(server, await own.promise, client));
    return counted.promise;
  }

  /** How often each content was sent to the node, by `CHAIN hash`. */
  sent(node: string, type: "STAGE" | "CHAIN"): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const each of this.#sent.get(node) ?? [])
      if (each.startsWith(type)) counts[each] = (counts[each] ?? 0) + 1;
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    this.#client.close();
  }

  #handOn(call: ServerDuplexStream<Buffer, Buffer>): void {
    const onward = this.#client.makeBidiStreamRequest(path, asItIs, asItIs, call.metadata);
    let node = "";
    call.on("data", (bytes: Buffer) => {
      node ||= requestDeserialize(bytes).hello?.node ?? "";
      onward.write(bytes);
    });
    call.on("end", () => onward.end());
    call.on("cancelled", () => onward.cancel());
    call.on("error", () => undefined);
    onward.on("data", (bytes: Buffer) => {
      const { resource } = responseDeserialize(bytes);
      if (resource)
        this.#sent.set(node, [...(this.#sent.get(node) ?? []), `${resource.type} ${resource.hash}`]);
      call.write(bytes);
    });
    onward.on("error", () => undefined);
    onward.on("status", ({ code, details }) => {
      if (code === Status.OK) call.end();
      else call.emit("error", { code, details });
    });
  }
}
