import { Client, credentials, Metadata, type ClientDuplexStream } from "@grpc/grpc-js";

import { Backoff } from "../../core/backoff.ts";
import { controlPlane } from "../../proto/control-plane.ts";
import type { ControlMessage__Output } from "../../proto/gen/mesh/v1/ControlMessage.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { PluginReport } from "../../proto/gen/mesh/v1/PluginReport.ts";
import type { Resource__Output } from "../../proto/gen/mesh/v1/Resource.ts";
import type { StageContent } from "../../control-plane/snapshot/node-snapshot.ts";

type Call = ClientDuplexStream<NodeMessage, ControlMessage__Output>;
type Type = Resource__Output["type"];
type Named = Pick<Staged, "plugin" | "version">;
type Staged = Pick<StageContent["packages"][number], "plugin" | "version" | "digest">;

/** One simulated node with a connection of its own: takes everything at once, reports, and comes back with back-off. */
class SimulatedNode {
  readonly #id: string;
  readonly #client: Client;
  readonly #backoff = new Backoff({ first: 500, ceiling: 10_000 });
  readonly #inForce = new Map<Type, string>();
  #staged: readonly Staged[] = [];
  #chain: readonly Named[] = [];
  #sequence = 0;

  constructor(port: number, id: string) {
    this.#id = id;
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      // Else all nodes of the process would share one connection.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.initial_reconnect_backoff_ms": 500,
      "grpc.max_reconnect_backoff_ms": 5_000,
    });
  }

  connect(): void {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer sluice_${this.#id}`);
    const { path, requestSerialize, responseDeserialize } = controlPlane.Connect;
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
    let heartbeats: NodeJS.Timeout | undefined;
    let comeBackAfter: number | undefined;
    this.#sequence = 0;
    call.on("data", ({ welcome, resource, goodbye }: ControlMessage__Output) => {
      if (goodbye) comeBackAfter = goodbye.reconnectAfter;
      if (resource) this.#take(call, resource);
      if (!welcome) return;
      this.#backoff.reset();
      this.#report(call, true);
      heartbeats = setInterval(() => this.#report(call, false), welcome.intervals?.heartbeat ?? 10_000);
    });
    call.on("error", () => undefined);
    call.on("status", () => {
      clearInterval(heartbeats);
      setTimeout(() => this.connect(), comeBackAfter ?? this.#backoff.next());
    });
    this.#hello(call);
  }

  #hello(call: Call): void {
    const inForce = [...this.#inForce].map(([type, hash]) => ({ type, hash }));
    call.write({
      hello: {
        apiVersions: ["mesh.v1"],
        node: this.#id,
        cluster: "fleet",
        service: "shop",
        labels: { zone: "a", rack: "12" },
        version: "0.1.0",
        platform: "linux/amd64",
        inForce,
        staged: [...this.#staged],
        incarnation: `${this.#id}-${process.pid}`,
      },
    });
  }

  #take(call: Call, { type, nonce, hash, content }: Resource__Output): void {
    this.#inForce.set(type, hash);
    call.write({ ack: { type, nonce, hash } });
    if (type === "CHAIN") {
      this.#chain = (JSON.parse(content.toString()) as { entries: readonly Named[] }).entries;
      this.#report(call, true);
    }
    if (type !== "STAGE") return;
    this.#staged = (JSON.parse(content.toString()) as StageContent).packages;
    for (const { plugin, version, digest } of this.#staged)
      call.write({ stage: { plugin, version, digest, state: "LOADABLE" } });
  }

  #plugins(): PluginReport[] {
    return this.#staged.map(({ plugin, version, digest }) => {
      const runs = this.#chain.some((entry) => entry.plugin === plugin && entry.version === version);
      return { plugin, version, digest, state: runs ? "RUNNING" : "INSTALLED" };
    });
  }

  #report(call: Call, complete: boolean): void {
    const plugins = complete ? this.#plugins() : [];
    call.write({ status: { sequence: ++this.#sequence, kind: "HEARTBEAT", complete, plugins } });
  }
}

const [port = "0", first = "0", count = "0"] = process.argv.slice(2);
for (let index = 0; index < Number(count); index++)
  new SimulatedNode(Number(port), `node-${Number(first) + index}`).connect();
process.once("disconnect", () => process.exit(0));
