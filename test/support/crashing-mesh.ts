import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

import { systemClock } from "../../core/clock.ts";
import { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { Grant, Role } from "../../control-plane/model/access.ts";
import { openStore } from "../../control-plane/store/open-store.ts";
import type { Random } from "../fuzz-h1/random.ts";
import { TestApp } from "./app.ts";
import { CatalogueLane } from "./catalogue-lane.ts";
import { ADMIN_SECRET, ControlPlaneProcess } from "./control-plane-process.ts";
import { ControlledSidecar } from "./controlled-sidecar.ts";
import { FollowingNode } from "./following-node.ts";
import { ReleaseLane } from "./release-lane.ts";
import type { ReplayedStore } from "./replayed-store.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

const SETTINGS = { heartbeat: "1s", scan: "1s", avoid: "100ms", jitter: "1ms", alarmInterval: "100ms" };
const EVERYWHERE = { kind: "all" } as const;

/**
 * A control plane as a process that can be killed, who works with it, and its nodes: a sidecar as a process, and two
 * nodes in this one, all of the cluster `demo`. The cluster `lab` has none, so releases there need nobody.
 */
export class CrashingMesh implements AsyncDisposable {
  readonly plane: ControlPlaneProcess;
  readonly admin: ApiClient;
  readonly #random: Random;
  readonly #stack: AsyncDisposableStack;
  readonly #state: TemporaryFolder;
  #copies = 0;

  private constructor(
    plane: ControlPlaneProcess,
    state: TemporaryFolder,
    random: Random,
    stack: AsyncDisposableStack,
  ) {
    this.plane = plane;
    this.#state = state;
    this.#random = random;
    this.#stack = stack;
    this.admin = this.client(ADMIN_SECRET);
  }

  /** The control plane is not started yet. */
  static async create(random: Random): Promise<CrashingMesh> {
    await using stack = new AsyncDisposableStack();
    const state = stack.use(await TemporaryFolder.create());
    const plane = stack.use(await ControlPlaneProcess.create(state, SETTINGS));
    return new CrashingMesh(plane, state, random, stack.move());
  }

  client(token: string): ApiClient {
    return this.#stack.use(new ApiClient({ baseUrl: this.plane.baseUrl, token }));
  }

  /** Clusters, the plugin `tagger` and the chain of `demo`, and those who will change them. */
  async populate(): Promise<{ readonly lanes: readonly [CatalogueLane, ReleaseLane, ReleaseLane] }> {
    const { admin } = this;
    const keeper = await this.person("keeper", ["admin"]);
    const documents = [
      { kind: "Domain", name: "shop" },
      ...["demo", "lab", "policy"].map((name) => {
        return { kind: "Cluster", name, domain: "shop", environment: "test" };
      }),
      { kind: "Plugin", name: "tagger", domain: "shop", owners: ["author-demo", "author-lab"] },
      { kind: "Chain", cluster: "demo", entries: [{ plugin: "tagger", timeout: "5s" }] },
      { kind: "Chain", cluster: "lab", entries: [{ plugin: "tagger" }] },
    ];
    await admin.call("applyDocument", { body: { documents } });
    const deadlines = { request: "10s", response: "10s" };
    const entries = [{ plugin: "tagger", timeout: "5s" }];
    await admin.call("putChain", { params: { cluster: "demo" }, body: { entries, deadlines } });
    const catalogue = new CatalogueLane(keeper, this.#random);
    return { lanes: [catalogue, await this.#lane("lab", 2), await this.#lane("demo", 3)] };
  }

  /** With these roles everywhere. */
  async person(name: string, roles: readonly Role[]): Promise<ApiClient> {
    const grants: Grant[] = roles.map((role) => ({ role, scope: EVERYWHERE }));
    return this.client((await this.admin.call("createToken", { body: { name, grants } })).secret);
  }

  async node(id: string, place = { cluster: "demo", service: "shop" }): Promise<FollowingNode> {
    const token = await this.#tokenOf(id, place.cluster);
    const random = (): number => this.#random.below(100) / 1_000;
    return this.#stack.use(new FollowingNode({ id, token, port: this.plane.push, random, place }));
  }

  async sidecar(id: string): Promise<ControlledSidecar> {
    const app = this.#stack.use(await TestApp.start());
    const settings = {
      controlPlane: `127.0.0.1:${this.plane.push}`,
      controlPlaneArtifacts: `${this.plane.baseUrl}/api/v1/artifacts/`,
      controlPlaneToken: await this.#tokenOf(id, "demo"),
      cluster: "demo",
      nodeId: id,
    };
    return this.#stack.use(new ControlledSidecar({ settings }, this.#state, app.port));
  }

  /** Resolves when all nodes of the cluster have what they should have. */
  async converged(nodes: number, cluster = "demo"): Promise<void> {
    const params = { cluster };
    for await (const { converged, synced } of this.admin.watch("getConvergence", { params }))
      if (converged && synced === nodes) return;
  }

  /** Reads on in the store as it is on the disk, from a copy, so that its recovery is left to the control plane. */
  async readStore(into: ReplayedStore): Promise<readonly string[]> {
    const copy = this.#state.join("copies", String(this.#copies++));
    await mkdir(copy, { recursive: true });
    for (const name of await readdir(this.plane.folder).catch(() => []))
      if (/^store\.sqlite(-wal)?$/.test(name))
        await copyFile(join(this.plane.folder, name), join(copy, name));
    await using store = await openStore(copy, systemClock);
    return into.read(store);
  }

  /** Everything in the control plane's folder, as paths in it. */
  async files(): Promise<readonly string[]> {
    const entries = await readdir(this.plane.folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map(({ parentPath, name }) => join(parentPath, name).slice(this.plane.folder.length + 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #lane(cluster: string, major: number): Promise<ReleaseLane> {
    const author = await this.person(`author-${cluster}`, ["developer", "operator"]);
    const approver = await this.person(`approver-${cluster}`, ["approver"]);
    return new ReleaseLane({ cluster, major, author, approver, random: this.#random });
  }

  async #tokenOf(node: string, cluster: string): Promise<string> {
    const grants: Grant[] = [{ role: "node", scope: { kind: "cluster", cluster } }];
    return (await this.admin.call("createToken", { body: { name: node, grants, node } })).secret;
  }
}
