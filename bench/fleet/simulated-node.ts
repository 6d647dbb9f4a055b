import { createHash } from "node:crypto";

import { Client, credentials, Metadata, type ClientDuplexStream } from "@grpc/grpc-js";
import { Agent, request } from "undici";

import { Backoff } from "../../core/backoff.ts";
import { controlPlane } from "../../proto/control-plane.ts";
import type { ControlMessage__Output } from "../../proto/gen/mesh/v1/ControlMessage.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { PluginReport } from "../../proto/gen/mesh/v1/PluginReport.ts";
import type { Resource__Output } from "../../proto/gen/mesh/v1/Resource.ts";
import type { StageContent } from "../../control-plane/snapshot/node-snapshot.ts";
import type { NodeToken } from "./messages.ts";

type Call = ClientDuplexStream<NodeMessage, ControlMessage__Output>;
type Type = Resource__Output["type"];
type Staged = Pick<StageContent["packages"][number], "plugin" | "version" | "digest">;

/** What nodes tell the bench. */
export interface Observer {
  received(): void;
  downloaded(): void;
  downloadFailed(): void;
  chainAcknowledged(node: string, tick: number): void;
}

/** ms over which news of plugins are gathered into a report, as a sidecar does. */
const GATHER = 100;

/**
 * One node with a connection of its own: it downloads packages with its token and checks their digest, takes everything
 * else at once, reports, and comes back with back-off.
 */
export class SimulatedNode {
  readonly #id: string;
  readonly #secret: string;
  readonly #client: Client;
  readonly #observer: Observer;
  readonly #backoff = new Backoff({ first: 500, ceiling: 10_000 });
  readonly #inForce = new Map<Type, string>();
  readonly #loadable = new Set<string>();
  #artifacts = "";
  #staged: readonly Staged[] = [];
  #chain: ReadonlySet<string> = new Set();
  #call: Call | undefined;
  #sequence = 0;
  #hasNews = false;

  constructor(push: number, { node, secret }: NodeToken, observer: Observer) {
    this.#id = node;
    this.#secret = secret;
    this.#observer = observer;
    this.#client = new Client(`127.0.0.1:${push}`, credentials.createInsecure(), {
      // Else all nodes of the process would share one connection.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.initial_reconnect_backoff_ms": 500,
      "grpc.max_reconnect_backoff_ms": 5_000,
    });
  }

  connect(): void {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${this.#secret}`);
    const { path, requestSerialize, responseDeserialize } = controlPlane.Connect;
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
    let heartbeats: NodeJS.Timeout | undefined;
    let comeBackAfter: number | undefined;
    this.#sequence = 0;
    this.#call = call;
    call.on("data", ({ welcome, resource, confirmation, goodbye }: ControlMessage__Output) => {
      if (goodbye) comeBackAfter = goodbye.reconnectAfter;
      if (resource) this.#take(resource);
      if (confirmation?.wantComplete === true) this.#report("INVENTORY");
      if (!welcome) return;
      this.#backoff.reset();
      this.#artifacts = welcome.artifacts;
      this.#report("INVENTORY");
      heartbeats = setInterval(() => this.#report("HEARTBEAT"), welcome.intervals?.heartbeat ?? 10_000);
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
        staged: this.#staged.filter(({ digest }) => this.#loadable.has(digest)),
        incarnation: `${this.#id}-${process.pid}`,
      },
    });
  }

  #take({ type, nonce, hash, tick, content }: Resource__Output): void {
    this.#observer.received();
    this.#inForce.set(type, hash);
    this.#call?.write({ ack: { type, nonce, hash } });
    if (type === "CHAIN") {
      const { entries } = JSON.parse(content.toString()) as { entries: Parameters<typeof keyOf>[0][] };
      this.#chain = new Set(entries.map(keyOf));
      this.#observer.chainAcknowledged(this.#id, tick);
    }
    if (type === "STAGE") this.#stage(JSON.parse(content.toString()) as StageContent);
    this.#changed();
  }

  #stage({ packages }: StageContent): void {
    for (const gone of this.#staged.filter(
      ({ digest }) => !packages.some((each) => each.digest === digest),
    )) {
      this.#loadable.delete(gone.digest);
      this.#tell(gone, "DELETED");
    }
    this.#staged = packages;
    void this.#fetchAll();
  }

  async #fetchAll(): Promise<void> {
    for (const each of this.#staged) {
      if (!this.#loadable.has(each.digest)) {
        this.#tell(each, "FETCHING");
        while (!(await this.#fetch(each))) {
          this.#observer.downloadFailed();
          await new Promise((resolve) => setTimeout(resolve, this.#backoff.next()));
        }
        this.#loadable.add(each.digest);
      }
      this.#tell(each, "LOADABLE");
    }
    this.#changed();
  }

  /** A connection for each download, as a sidecar does. False: it failed. */
  async #fetch({ digest }: Staged): Promise<boolean> {
    const dispatcher = new Agent({ pipelining: 1 });
    try {
      const headers = { authorization: `Bearer ${this.#secret}` };
      const { statusCode, body } = await request(`${this.#artifacts}${digest}`, { dispatcher, headers });
      const bytes = Buffer.from(await body.arrayBuffer());
      const isWhole = createHash("sha256").update(bytes).digest("hex") === digest;
      if (statusCode === 200 && isWhole) this.#observer.downloaded();
      return statusCode === 200 && isWhole;
    } catch {
      return false;
    } finally {
      await dispatcher.destroy();
    }
  }

  #tell({ plugin, version, digest }: Staged, state: "FETCHING" | "LOADABLE" | "DELETED"): void {
    this.#call?.write({ stage: { plugin, version, digest, state } });
  }

  #changed(): void {
    if (this.#hasNews) return;
    this.#hasNews = true;
    setTimeout(() => {
      this.#hasNews = false;
      this.#report("CHANGES");
    }, GATHER);
  }

  #plugins(): PluginReport[] {
    return this.#staged.map((each) => {
      const { plugin, version, digest } = each;
      if (!this.#loadable.has(digest)) return { plugin, version, digest, state: "UNKNOWN" };
      return { plugin, version, digest, state: this.#chain.has(keyOf(each)) ? "RUNNING" : "INSTALLED" };
    });
  }

  #report(kind: "HEARTBEAT" | "CHANGES" | "INVENTORY"): void {
    const plugins = kind === "HEARTBEAT" ? [] : this.#plugins();
    const sequence = ++this.#sequence;
    this.#call?.write({ status: { sequence, kind, complete: kind === "INVENTORY", plugins } });
  }
}

function keyOf({ plugin, version }: { readonly plugin: string; readonly version: string }): string {
  return `${plugin}@${version}`;
}
