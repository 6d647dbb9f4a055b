import { Readable } from "node:stream";

import { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import type { Role } from "../../control-plane/model/access.ts";
import { taggerZip } from "../../test/support/controlled-sidecar.ts";
import type { NodeToken } from "./messages.ts";

const CLUSTER = "fleet";
const PLUGINS = ["guard", "header-tag", "quota", "audit", "rewrite"] as const;
/** The plugin of which new versions are released. */
const [RELEASED] = PLUGINS;
/** ms between two questions how far nodes are. */
const POLL = 100;
/** Tokens asked for at a time. */
const AT_A_TIME = 8;

export interface Operated {
  /** The tick of the change. */
  readonly tick: number;
  /** Wall clock, ms, before the request that made it. */
  readonly since: number;
}

/** Who works on the fleet, each with a token of its own, by the REST API alone. */
export class Operators implements AsyncDisposable {
  readonly #admin: ApiClient;
  readonly #author: ApiClient;
  readonly #approver: ApiClient;
  readonly #operator: ApiClient;
  readonly #stack: AsyncDisposableStack;
  #limit = 0;
  #version = 1;
  /** The longest that anybody waited for an answer, ms, since it was asked last. */
  #slowest = 0;

  private constructor(
    [admin, author, approver, operator]: readonly [ApiClient, ApiClient, ApiClient, ApiClient],
    stack: AsyncDisposableStack,
  ) {
    this.#admin = admin;
    this.#author = author;
    this.#approver = approver;
    this.#operator = operator;
    this.#stack = stack;
  }

  /** Makes tokens for who works there, and what they work on: five plugins, a version of each in force. */
  static async begin(baseUrl: string, adminSecret: string): Promise<Operators> {
    await using stack = new AsyncDisposableStack();
    const client = (token: string): ApiClient => stack.use(new ApiClient({ baseUrl, token }));
    const admin = client(adminSecret);
    const person = async (name: string, role: Role): Promise<ApiClient> => {
      const grants = [{ role, scope: { kind: "all" as const } }];
      return client((await admin.call("createToken", { body: { name, grants } })).secret);
    };
    const people = [
      admin,
      await person("author", "developer"),
      await person("approver", "approver"),
      await person("operator", "operator"),
    ] as const;
    const operators = new Operators(people, stack.move());
    await operators.#populate();
    return operators;
  }

  /** A token for each node. */
  async tokens(count: number): Promise<readonly NodeToken[]> {
    const grants = [{ role: "node" as const, scope: { kind: "cluster" as const, cluster: CLUSTER } }];
    const names = Array.from({ length: count }, (_, index) => `node-${index}`);
    const made: NodeToken[] = [];
    const work = async (): Promise<void> => {
      for (let node = names.pop(); node !== undefined; node = names.pop()) {
        const { secret } = await this.#admin.call("createToken", { body: { name: node, grants, node } });
        made.push({ node, secret });
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    return made;
  }

  /** Another configuration of every plugin. */
  async changeChain(): Promise<Operated> {
    const entries = PLUGINS.map((plugin) => ({ plugin, config: { limit: ++this.#limit, allow: HOSTS } }));
    const body = { entries, deadlines: { request: "1s", response: "1s" } };
    const since = Date.now();
    const { revision } = await this.#operator.call("putChain", { params: { cluster: CLUSTER }, body });
    return { tick: revision, since };
  }

  /** Uploads another version of a plugin, releases it to all and has it approved. */
  async prepareRelease(): Promise<number> {
    const version = `${++this.#version}.0.0`;
    return this.#approvedRelease(RELEASED, version);
  }

  /** Resolves when every node has it; the time until then, ms. */
  async download(release: number): Promise<number> {
    const since = Date.now();
    await this.#operator.call("downloadRelease", { params: { release } });
    await this.#untilRelease(release, "DOWNLOADED");
    return Date.now() - since;
  }

  /** Does not wait for the nodes. */
  async activate(release: number): Promise<Operated> {
    const since = Date.now();
    const { tick } = await this.#operator.call("activateRelease", { params: { release } });
    return { tick, since };
  }

  /** Once all nodes run it. */
  async complete(release: number): Promise<void> {
    await this.#untilRelease(release, "ACTIVE");
    await this.#operator.call("completeRelease", { params: { release } });
  }

  /** Resolves when so many nodes are ONLINE and SYNCED: wall clock, ms. */
  async converged(nodes: number): Promise<number> {
    for (;;) {
      const asked = Date.now();
      const { online, synced } = await this.#operator.call("getConvergence", {
        params: { cluster: CLUSTER },
      });
      const now = Date.now();
      this.#slowest = Math.max(this.#slowest, now - asked);
      if (online === nodes && synced === nodes) return now;
      await pause();
    }
  }

  slowestAnswer(): number {
    const slowest = this.#slowest;
    this.#slowest = 0;
    return slowest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #populate(): Promise<void> {
    const documents = [
      { kind: "Domain", name: "bench" },
      { kind: "Cluster", name: CLUSTER, domain: "bench", environment: "bench", requiredApprovals: 1 },
      ...PLUGINS.map((name) => ({ kind: "Plugin", name, domain: "bench", owners: ["author"] })),
    ];
    await this.#admin.call("applyDocument", { body: { documents } });
    await this.changeChain();
    for (const plugin of PLUGINS) {
      const release = await this.#approvedRelease(plugin, "1.0.0");
      await this.download(release);
      await this.activate(release);
      await this.complete(release);
    }
  }

  async #approvedRelease(plugin: string, version: string): Promise<number> {
    const zip = taggerZip(plugin, version);
    const file = { name: `${plugin}.zip`, size: zip.length, bytes: Readable.from([zip]) };
    await this.#author.upload({ plugin }, file);
    const body = { cluster: CLUSTER, plugin, version, target: { kind: "full" } } as const;
    const { release } = await this.#author.call("createRelease", { body });
    await this.#approver.call("approveRelease", { params: { release: release.id } });
    return release.id;
  }

  async #untilRelease(release: number, wanted: ApiAnswer<"getRelease">["release"]["state"]): Promise<void> {
    for await (const status of this.#operator.watch("getRelease", { params: { release } }))
      if (status.release.state === wanted) return;
    throw new Error("the watch ended");
  }
}

const HOSTS = Array.from({ length: 20 }, (_, host) => `host-${host}.example`);

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, POLL));
}
