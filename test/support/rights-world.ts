import { Readable } from "node:stream";

import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { EndpointName } from "../../control-plane/api/contract/endpoints.ts";
import type { Role } from "../../control-plane/model/access.ts";
import type { ReleaseState } from "../../control-plane/model/release.ts";
import { TestControlPlane } from "./control-plane.ts";
import { FollowingNode } from "./following-node.ts";
import { pluginZip } from "./plugin-packages.ts";
import { TestNode } from "./test-node.ts";

/** What one request names and carries. */
export interface PreparedRequest {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  readonly package?: Buffer;
}

interface ReleaseKind {
  readonly target?: typeof FULL | typeof TRAFFIC;
  /** Another version runs in full already. */
  readonly base?: boolean;
}

type Prepare = (world: RightsWorld) => Promise<PreparedRequest> | PreparedRequest;

/** Offline after 6 of these and the grace. */
const SETTINGS = { heartbeat: 20, grace: 20, jitter: 1 };
const FULL = { kind: "full" } as const;
const TRAFFIC = { kind: "traffic", percentage: 10 } as const;
const RULES = { environment: "test", requiredApprovals: 1, rollbackApproval: false };

/**
 * A control plane in which every endpoint can succeed: for each of them `prepare` makes what a request needs, of its own.
 * Plugins belong to everybody with a role; releases and versions are somebody else's, who is not asked about.
 */
export class RightsWorld implements AsyncDisposable {
  readonly plane: TestControlPlane;
  readonly admin: ApiClient;
  readonly role: Role;
  readonly #author: ApiClient;
  readonly #node: TestNode;
  readonly #grayNodes = new AsyncDisposableStack();
  #count = 0;
  #asker = "";
  #refused = false;
  #pending: Promise<number> | undefined;

  private constructor(
    plane: TestControlPlane,
    role: Role,
    others: { readonly author: ApiClient; readonly node: TestNode },
  ) {
    this.plane = plane;
    this.admin = plane.admin;
    this.role = role;
    this.#author = others.author;
    this.#node = others.node;
    void this.#answerLogs();
  }

  static async start(role: Role): Promise<RightsWorld> {
    await using stack = new AsyncDisposableStack();
    const environment = { WEBHOOK_SECRET: "0123456789abcdef" };
    const plane = stack.use(await TestControlPlane.start({ settings: SETTINGS, environment }));
    await plane.withClusters();
    const grants = [{ role: "admin", scope: { kind: "all" } }] as const;
    const { secret } = await plane.admin.call("createToken", {
      body: { name: "author", grants: [...grants] },
    });
    const nodeToken = await plane.token("node", { kind: "all" }, "node-1");
    const node = stack.use(TestNode.greet(plane.ports.push, "node-1", { token: nodeToken }));
    await node.next("welcome");
    stack.move();
    return new RightsWorld(plane, role, { author: plane.client(secret), node });
  }

  /**
   * Whoever asks next, by a new token of the role: of one name only so many refusals are written down. Where they are to
   * be refused, what a request names is there, but in no state of its own.
   */
  async asks(name: string, refused: boolean): Promise<string> {
    this.#asker = name;
    this.#refused = refused;
    const grants = [{ role: this.role, scope: { kind: "all" } }] as const;
    const node = this.role === "node" ? "node-1" : undefined;
    const body = { name, grants: [...grants], node };
    return (await this.admin.call("createToken", { body })).secret;
  }

  next(): number {
    return ++this.#count;
  }

  async domain(): Promise<string> {
    const name = `domain-${this.next()}`;
    await this.admin.call("putDomain", { params: { domain: name }, body: domainBody(name) });
    return name;
  }

  async cluster(): Promise<string> {
    const name = `cluster-${this.next()}`;
    await this.admin.call("putCluster", { params: { cluster: name }, body: clusterBody(name) });
    return name;
  }

  pluginBody(name: string): { name: string; domain: string; description: string; owners: string[] } {
    return { name, domain: "shop", description: "", owners: [this.#asker] };
  }

  /** Owned by whoever asks next. */
  async plugin(): Promise<string> {
    const name = `plugin-${this.next()}`;
    await this.admin.call("putPlugin", { params: { plugin: name }, body: this.pluginBody(name) });
    return name;
  }

  /** Of 100 bytes and more, by somebody else. */
  async version(plugin: string, version = "1.0.0"): Promise<string> {
    const zip = pluginZip({ name: plugin, version }, [], plugin);
    const file = { name: "p.zip", size: zip.length, bytes: Readable.from([zip]) };
    return (await this.#author.upload({ plugin }, file)).digest;
  }

  /** A release of a new plugin in a new cluster, where it goes on by itself: gray with a node, full without. */
  async release(state: ReleaseState, { target = FULL, base = false }: ReleaseKind = {}): Promise<number> {
    if (!this.#refused) return this.#newRelease(state, { target, base });
    return (this.#pending ??= this.#newRelease("PENDING_APPROVAL", {}));
  }

  /** A package that node-1 has to hold. */
  async released(): Promise<string> {
    const plugin = await this.plugin();
    const digest = await this.version(plugin);
    await this.#brought({ plugin, cluster: "demo", version: "1.0.0", target: FULL }, "DOWNLOADING");
    return digest;
  }

  async webhook(): Promise<string> {
    const id = `hook-${this.next()}`;
    await this.admin.call("putWebhook", { params: { webhook: id }, body: webhookBody(id) });
    return id;
  }

  async silence(): Promise<string> {
    return (await this.admin.call("createSilence", { body: silenceBody() })).id;
  }

  /** A node that was here and is OFFLINE. */
  async goneNode(): Promise<string> {
    if (this.#refused) return "node-1";
    const id = `gone-${this.next()}`;
    const token = await this.plane.token("node", { kind: "all" }, id);
    {
      await using node = TestNode.greet(this.plane.ports.push, id, { token });
      await node.next("welcome");
    }
    for await (const { presence } of this.admin.watch("getNode", { params: { node: id } }))
      if (presence === "OFFLINE") break;
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#grayNodes.disposeAsync();
    await this.#node[Symbol.asyncDispose]();
    await this.plane[Symbol.asyncDispose]();
  }

  async #newRelease(state: ReleaseState, { target = FULL, base = false }: ReleaseKind): Promise<number> {
    const [plugin, cluster] = [await this.plugin(), await this.cluster()];
    await this.admin.call("putChainEntry", { params: { cluster, plugin }, body: {} });
    if (target !== FULL) await this.#nodeIn(cluster);
    if (base) {
      await this.version(plugin, "0.1.0");
      await this.#brought({ plugin, cluster, version: "0.1.0", target: FULL }, "ACTIVE");
    }
    await this.version(plugin);
    return this.#brought({ plugin, cluster, version: "1.0.0", target }, state);
  }

  async #nodeIn(cluster: string): Promise<void> {
    const id = `gray-${this.next()}`;
    const token = await this.plane.token("node", { kind: "all" }, id);
    const place = { cluster, service: "shop" };
    const [port, { heartbeat }] = [this.plane.ports.push, SETTINGS];
    this.#grayNodes.use(new FollowingNode({ id, token, port, random: () => 0, place, heartbeat }));
  }

  async #brought(
    wish: { plugin: string; cluster: string; version: string; target: typeof FULL | typeof TRAFFIC },
    state: ReleaseState,
  ): Promise<number> {
    const author = this.#author;
    const { release } = await author.call("createRelease", { body: wish });
    const params = { release: release.id };
    const until = async (wanted: ReleaseState): Promise<void> => {
      for await (const status of author.watch("getRelease", { params }))
        if (status.release.state === wanted) return;
    };
    if (state === "PENDING_APPROVAL") return release.id;
    await author.call("bypassRelease", { params, body: { reason: "a test" } });
    if (state === "APPROVED") return release.id;
    await author.call("downloadRelease", { params });
    if (state === "DOWNLOADING") return release.id;
    await until("DOWNLOADED");
    if (state === "DOWNLOADED") return release.id;
    await author.call("activateRelease", { params });
    await until(state);
    return release.id;
  }

  async #answerLogs(): Promise<void> {
    try {
      for (;;) {
        const { id } = await this.#node.next("readLog");
        this.#node.send({ log: { id, lines: ["a line"], end: true } });
      }
    } catch {
      // The stream has ended with the world.
    }
  }
}

const domainBody = (name: string): { name: string; description: string; versionApproval: boolean } => {
  return { name, description: "", versionApproval: false };
};
const clusterBody = (name: string): { name: string; domain: string } & typeof RULES => {
  return { name, domain: "shop", ...RULES };
};
const webhookBody = (
  id: string,
): { id: string; url: string; kinds: []; secret: { fromEnv: string }; enabled: boolean } => {
  return { id, url: "http://127.0.0.1:9/", kinds: [], secret: { fromEnv: "WEBHOOK_SECRET" }, enabled: false };
};
const silenceBody = (): { cluster: string; until: string; reason: string } => {
  return { cluster: "demo", until: new Date(Date.now() + 3_600_000).toISOString(), reason: "a test" };
};

const onRelease =
  (state: ReleaseState, body: unknown = {}, kind: ReleaseKind = {}): Prepare =>
  async (world) => ({ params: { release: await world.release(state, kind) }, body });
const GRAY = { target: TRAFFIC, base: true };
const nothing: Prepare = () => ({});
const REASON = { reason: "a test" };

/** For every endpoint a request that succeeds for whoever has the right. */
export const PREPARED: Readonly<Record<EndpointName, Prepare>> = {
  health: nothing,
  describeApi: nothing,
  // Each document takes the right that it needs.
  applyDocument: (world) => {
    const name = `applied-${world.next()}`;
    if (world.role === "developer")
      return { body: { documents: [{ kind: "Plugin", name, domain: "shop" }] } };
    if (world.role === "operator")
      return { body: { documents: [{ kind: "Cluster", name, domain: "shop", environment: "test" }] } };
    return { body: { documents: [{ kind: "Domain", name }] } };
  },
  diffDocuments: () => ({ body: { documents: [{ kind: "Chain", cluster: "demo", entries: [] }] } }),
  backup: () => ({ body: {} }),
  listDomains: nothing,
  getDomain: () => ({ params: { domain: "shop" } }),
  putDomain: (world) => {
    const name = `domain-${world.next()}`;
    return { params: { domain: name }, body: domainBody(name) };
  },
  deleteDomain: async (world) => ({ params: { domain: await world.domain() } }),
  listClusters: nothing,
  getCluster: () => ({ params: { cluster: "demo" } }),
  putCluster: (world) => {
    const name = `cluster-${world.next()}`;
    return { params: { cluster: name }, body: clusterBody(name) };
  },
  deleteCluster: async (world) => ({ params: { cluster: await world.cluster() } }),
  getConvergence: () => ({ params: { cluster: "demo" } }),
  getChain: () => ({ params: { cluster: "demo" } }),
  putChain: async (world) => {
    const entries = [{ plugin: await world.plugin() }];
    const deadlines = { request: "200ms", response: "200ms" };
    return { params: { cluster: await world.cluster() }, body: { entries, deadlines } };
  },
  putChainEntry: async (world) => ({
    params: { cluster: await world.cluster(), plugin: await world.plugin() },
    body: {},
  }),
  removePlugin: async (world) => {
    const params = { cluster: await world.cluster(), plugin: await world.plugin() };
    await world.admin.call("putChainEntry", { params, body: {} });
    return { params };
  },
  listPlugins: nothing,
  getPlugin: async (world) => ({ params: { plugin: await world.plugin() } }),
  putPlugin: async (world) => {
    const plugin = await world.plugin();
    return { params: { plugin }, body: { ...world.pluginBody(plugin), description: "changed" } };
  },
  deletePlugin: async (world) => ({ params: { plugin: await world.plugin() } }),
  listVersions: async (world) => ({ params: { plugin: await world.plugin() } }),
  getVersion: async (world) => versionOf(world),
  uploadVersion: async (world) => {
    const plugin = await world.plugin();
    return { params: { plugin }, package: pluginZip({ name: plugin }, [], plugin) };
  },
  approveVersion: async (world) => ({ ...(await versionOf(world)), body: {} }),
  refuseVersion: async (world) => ({ ...(await versionOf(world)), body: REASON }),
  deleteVersion: versionOf,
  getArtifact: async (world) => ({ params: { digest: await world.released() } }),
  listReleases: nothing,
  createRelease: async (world) => {
    const plugin = await world.plugin();
    await world.version(plugin);
    return { body: { cluster: await world.cluster(), plugin, version: "1.0.0", target: FULL } };
  },
  getRelease: async (world) => ({ params: { release: await world.release("PENDING_APPROVAL") } }),
  editRelease: onRelease("PENDING_APPROVAL", { note: "changed" }),
  approveRelease: onRelease("PENDING_APPROVAL"),
  bypassRelease: onRelease("PENDING_APPROVAL", REASON),
  rejectRelease: onRelease("PENDING_APPROVAL", REASON),
  cancelRelease: onRelease("APPROVED"),
  downloadRelease: onRelease("APPROVED"),
  activateRelease: onRelease("DOWNLOADED"),
  widenRelease: onRelease("GRAY", { target: { kind: "traffic", percentage: 20 } }, GRAY),
  promoteRelease: onRelease("GRAY", {}, GRAY),
  completeRelease: onRelease("ACTIVE"),
  failRelease: onRelease("DOWNLOADED", REASON),
  retryRelease: onRelease("ACTIVE"),
  deleteRelease: onRelease("GRAY", {}, GRAY),
  rollBackRelease: onRelease("ACTIVE", {}, { base: true }),
  listNodes: nothing,
  getNode: () => ({ params: { node: "node-1" } }),
  forgetNode: async (world) => ({ params: { node: await world.goneNode() } }),
  retryNode: () => ({ params: { node: "node-1" }, body: {} }),
  readLog: () => ({ params: { node: "node-1", plugin: "tagger" } }),
  whoAmI: nothing,
  listTokens: nothing,
  createToken: (world) => {
    const grants = [{ role: "viewer", scope: { kind: "all" } }];
    return { body: { name: `reader-${world.next()}`, grants } };
  },
  revokeToken: async (world) => {
    const grants = [{ role: "viewer", scope: { kind: "all" } }] as const;
    const { token } = await world.admin.call("createToken", { body: { name: "gone", grants: [...grants] } });
    return { params: { token: token.id } };
  },
  listAudit: nothing,
  listAlarms: nothing,
  listWebhooks: nothing,
  putWebhook: (world) => {
    const id = `hook-${world.next()}`;
    return { params: { webhook: id }, body: webhookBody(id) };
  },
  deleteWebhook: async (world) => ({ params: { webhook: await world.webhook() } }),
  testWebhook: async (world) => ({ params: { webhook: await world.webhook() }, body: {} }),
  listDeliveries: nothing,
  listSilences: nothing,
  createSilence: () => ({ body: silenceBody() }),
  deleteSilence: async (world) => ({ params: { silence: await world.silence() } }),
};

async function versionOf(world: RightsWorld): Promise<PreparedRequest> {
  const plugin = await world.plugin();
  await world.version(plugin);
  return { params: { plugin, version: "1.0.0" } };
}
