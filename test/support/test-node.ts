import {
  Client,
  credentials,
  Metadata,
  type ChannelCredentials,
  type ClientDuplexStream,
  type StatusObject,
} from "@grpc/grpc-js";

import { controlPlane } from "../../proto/control-plane.ts";
import type { ControlMessage__Output } from "../../proto/gen/mesh/v1/ControlMessage.ts";
import type { Hello } from "../../proto/gen/mesh/v1/Hello.ts";
import type { Nack } from "../../proto/gen/mesh/v1/Nack.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { PluginReport } from "../../proto/gen/mesh/v1/PluginReport.ts";
import type { Resource__Output } from "../../proto/gen/mesh/v1/Resource.ts";
import type { StageState } from "../../proto/gen/mesh/v1/StageState.ts";

type Call = ClientDuplexStream<NodeMessage | Buffer, ControlMessage__Output>;
type Kind = NonNullable<ControlMessage__Output["kind"]>;

export interface TestNodeOptions {
  /** Of the metadata; undefined: none is sent. Default: `sluice_ID`. */
  readonly token?: string | undefined;
  readonly hello?: Partial<Hello>;
  readonly channel?: ChannelCredentials;
}

/** A node by hand: a real client of config.proto that says what the test says, and no more. */
export class TestNode implements AsyncDisposable {
  readonly id: string;
  readonly #client: Client;
  readonly #call: Call;
  readonly #unread: ControlMessage__Output[] = [];
  readonly #over: Promise<StatusObject>;
  #wake: () => void = () => undefined;
  #reports = 0;

  private constructor(port: number, id: string, options: TestNodeOptions) {
    this.id = id;
    this.#client = new Client(`127.0.0.1:${port}`, options.channel ?? credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": -1,
      // TLS takes no address for a name.
      ...(options.channel === undefined ? {} : { "grpc.ssl_target_name_override": "localhost" }),
    });
    const metadata = new Metadata();
    const token = "token" in options ? options.token : `sluice_${id}`;
    if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
    const { path, responseDeserialize } = controlPlane.Connect;
    this.#call = this.#client.makeBidiStreamRequest(path, bytesOf, responseDeserialize, metadata);
    const { promise, resolve } = Promise.withResolvers<StatusObject>();
    this.#over = promise;
    this.#call.on("status", (status) => {
      resolve(status);
      this.#wake();
    });
    this.#call.on("error", () => undefined);
    this.#call.on("data", (message: ControlMessage__Output) => {
      this.#unread.push(message);
      this.#wake();
    });
  }

  /** Opens the stream and says nothing yet. */
  static open(port: number, id: string, options: TestNodeOptions = {}): TestNode {
    return new TestNode(port, id, options);
  }

  /** Opens the stream and says Hello. */
  static greet(port: number, id: string, options: TestNodeOptions = {}): TestNode {
    const node = new TestNode(port, id, options);
    node.send({ hello: { ...helloOf(id), ...options.hello } });
    return node;
  }

  /** Bytes are sent as they are, whatever they mean. */
  send(message: NodeMessage | Buffer): boolean {
    return this.#call.write(message);
  }

  /** The next message of this kind; those of other kinds before it are passed over. Throws where the stream ends. */
  async next<K extends Kind>(kind: K): Promise<NonNullable<ControlMessage__Output[K]>> {
    let status: StatusObject | undefined;
    void this.#over.then((over) => (status = over));
    while (true) {
      const index = this.#unread.findIndex((message) => message.kind === kind);
      const [found] = index < 0 ? [] : this.#unread.splice(0, index + 1).slice(-1);
      if (found !== undefined) return found[kind] as NonNullable<ControlMessage__Output[K]>;
      if (status !== undefined) throw new Error(`the stream ended: ${status.code} ${status.details}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
      await Promise.resolve();
    }
  }

  /** Messages of a kind that came and were not asked for. */
  unread(kind: Kind): number {
    return this.#unread.filter((message) => message.kind === kind).length;
  }

  ack({ type, nonce, hash }: Pick<Resource__Output, "type" | "nonce" | "hash">): void {
    this.send({ ack: { type, nonce, hash } });
  }

  nack({ type, nonce, hash }: Resource__Output, problems: Nack["problems"] = [{ message: "no" }]): void {
    this.send({ nack: { type, nonce, hash, problems: problems ?? [] } });
  }

  /** Takes what comes until `count` resources were acknowledged; their types in order. */
  async ackNext(count: number): Promise<readonly Resource__Output[]> {
    const resources: Resource__Output[] = [];
    while (resources.length < count) {
      const resource = await this.next("resource");
      this.ack(resource);
      resources.push(resource);
    }
    return resources;
  }

  stage(plugin: string, version: string, digest: string, state: StageState, detail = ""): void {
    this.send({ stage: { plugin, version, digest, state, detail } });
  }

  /** Sends a status report; the answer is its confirmation. */
  async report(complete: boolean, plugins: readonly PluginReport[] = []): Promise<boolean> {
    const sequence = ++this.#reports;
    this.send({ status: { sequence, complete, plugins: [...plugins], kind: "CHANGES" } });
    const confirmation = await this.next("confirmation");
    if (confirmation.sequence !== sequence) throw new Error(`confirmed ${confirmation.sequence}`);
    return confirmation.wantComplete;
  }

  /** Reads nothing more. */
  stall(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  /** How the stream ended. */
  async ended(): Promise<StatusObject> {
    return this.#over;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#call.cancel();
    this.#client.close();
    await this.#over;
  }
}

/** A message as it goes over the wire. */
export function bytesOf(message: NodeMessage | Buffer): Buffer {
  return Buffer.isBuffer(message) ? message : controlPlane.Connect.requestSerialize(message);
}

export function helloOf(id: string): Hello {
  return {
    apiVersions: ["mesh.v1"],
    node: id,
    cluster: "demo",
    service: "shop",
    version: "0.1.0",
    platform: "linux/amd64",
    incarnation: `${id}-1`,
  };
}
