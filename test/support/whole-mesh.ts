import { mkdir, writeFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { Readable } from "node:stream";

import type { ApiAnswer, ApiRequest, WatchName } from "../../control-plane/api/contract/client-types.ts";
import { TestApp } from "./app.ts";
import { calledCommand, type CalledCommand } from "./called-command.ts";
import { TestControlPlane } from "./control-plane.ts";
import { ControlledSidecar, taggerZip } from "./controlled-sidecar.ts";
import { CountedPush } from "./counted-push.ts";
import { parseExposition } from "./exposition.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

type Target = NonNullable<ApiRequest<"createRelease">["body"]>["target"];

/** Webhooks are signed with it. */
export const WEBHOOK_SECRET = "0123456789abcdef";
const ENVIRONMENT = { WEBHOOK_SECRET };
/** A node that starts again on a busy machine is not OFFLINE meanwhile. */
const SETTINGS = { heartbeat: 3_000, scan: 1_000, avoid: 100, jitter: 1, alarmInterval: 100 };

/**
 * A whole control plane, and sidecars as processes of the cluster `demo` that follow it. Its chain is the plugin
 * `tagger`, whose config is the text in a file `table` of each node's own folder.
 */
export class WholeMesh implements AsyncDisposable {
  readonly plane: TestControlPlane;
  /** What is sent to nodes passes it. */
  readonly push: CountedPush;
  readonly #stack: AsyncDisposableStack;
  readonly #state: TemporaryFolder;
  readonly #app: TestApp;
  readonly #tokens = new Map<string, string>();

  private constructor(
    stack: AsyncDisposableStack,
    parts: Pick<WholeMesh, "plane" | "push"> & { readonly state: TemporaryFolder; readonly app: TestApp },
  ) {
    this.#stack = stack;
    this.plane = parts.plane;
    this.push = parts.push;
    this.#state = parts.state;
    this.#app = parts.app;
  }

  static async start(): Promise<WholeMesh> {
    await using stack = new AsyncDisposableStack();
    const state = stack.use(await TemporaryFolder.create());
    const app = stack.use(await TestApp.start());
    const options = { settings: SETTINGS, environment: ENVIRONMENT };
    const plane = await stack.use(await TestControlPlane.start(options)).withClusters();
    const { admin } = plane;
    const rules = { environment: "test", requiredApprovals: 0, rollbackApproval: false };
    const cluster = { name: "demo", domain: "shop", ...rules };
    await admin.call("putCluster", { params: { cluster: "demo" }, body: cluster });
    const plugin = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
    await admin.call("putPlugin", { params: { plugin: "tagger" }, body: plugin });
    const entry = { plugin: "tagger", timeout: "2s", config: { table: { fromFile: "table" } } };
    const chain = { entries: [entry], deadlines: { request: "5s", response: "5s" } };
    await admin.call("putChain", { params: { cluster: "demo" }, body: chain });
    const push = stack.use(await CountedPush.start(plane.ports.push));
    return new WholeMesh(stack.move(), { plane, push, state, app });
  }

  /** Every alarm of this kind is sent there. */
  async callWebhook(url: string, kind: "nack" | "plugin-failing"): Promise<void> {
    const secret = { fromEnv: "WEBHOOK_SECRET" };
    const body = { id: "ops", url, kinds: [kind], secret, enabled: true };
    await this.plane.admin.call("putWebhook", { params: { webhook: "ops" }, body });
  }

  /** Starts a life of a node; it is ended with the mesh at the latest. */
  async node(id: string): Promise<ControlledSidecar> {
    const settings = {
      controlPlane: `127.0.0.1:${this.push.port}`,
      controlPlaneArtifacts: this.plane.baseUrl,
      controlPlaneToken: await this.#tokenOf(id),
      cluster: "demo",
      nodeId: id,
    };
    return this.#stack.use(new ControlledSidecar({ settings }, this.#state, this.#app.port));
  }

  /** What the config of `tagger` is on this node. */
  async table(id: string, text: string): Promise<void> {
    const folder = this.#state.join("nodes", id);
    await mkdir(folder, { recursive: true });
    await writeFile(`${folder}/table`, text);
  }

  /** Adds a plugin to the catalogue; it is in no chain yet. */
  async plugin(name: string): Promise<void> {
    const body = { name, domain: "shop", description: "", owners: ["admin"] };
    await this.plane.admin.call("putPlugin", { params: { plugin: name }, body });
  }

  /** Uploads a version (`1.0.0` of `tagger`, or `guard@1.0.0`), releases it, and waits until its status fits. */
  async release(
    named: string,
    script: string | undefined,
    fits: (status: ApiAnswer<"getRelease">) => boolean,
    target: Target = { kind: "full" },
  ): Promise<ApiAnswer<"getRelease">> {
    const isDownloaded: typeof fits = ({ release: { state } }) => state === "DOWNLOADED";
    const { plugin, version } = versionNamed(named);
    const zip = taggerZip(plugin, version, script);
    const { release } = await this.download(named, zip, isDownloaded, target);
    const params = { release: release.id };
    await this.plane.admin.call("activateRelease", { params, body: {} });
    return this.until("getRelease", { params }, fits);
  }

  /** Uploads a version, has its nodes fetch it, and waits until its status fits. */
  async download(
    named: string,
    zip: Buffer,
    fits: (status: ApiAnswer<"getRelease">) => boolean,
    target: Target = { kind: "full" },
  ): Promise<ApiAnswer<"getRelease">> {
    const { admin } = this.plane;
    const { plugin, version } = versionNamed(named);
    const file = { name: `${plugin}.zip`, size: zip.length, bytes: Readable.from([zip]) };
    await admin.upload({ plugin }, file);
    const wish = { cluster: "demo", plugin, version, target };
    const { release } = await admin.call("createRelease", { body: wish });
    const params = { release: release.id };
    await admin.call("downloadRelease", { params, body: {} });
    return this.until("getRelease", { params }, fits);
  }

  /** Calls the command as a viewer. */
  async sluice(...args: readonly string[]): Promise<CalledCommand> {
    const { baseUrl, folder } = this.plane;
    const token = await this.plane.token("viewer");
    return calledCommand({ server: baseUrl, token, directory: folder.path }, ...args);
  }

  /** Watches until an answer fits. */
  async until<Name extends WatchName>(
    name: Name,
    request: ApiRequest<Name>,
    fits: (answer: ApiAnswer<Name>) => boolean,
  ): Promise<ApiAnswer<Name>> {
    for await (const answer of this.plane.admin.watch(name, request)) if (fits(answer)) return answer;
    throw new Error(`the watch of ${name} ended`);
  }

  /** Times that a chain was not sent to a node since the node had refused it. */
  get suppressedChains(): number {
    const scrape = parseExposition(this.plane.controlPlane.registry.expose());
    return scrape.get('sluice_cp_nack_resends_suppressed_total{type="chain"}') ?? 0;
  }

  /** Waits until something is so that nobody tells. */
  async eventually(isSo: () => boolean): Promise<void> {
    while (!isSo()) await setImmediate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #tokenOf(id: string): Promise<string> {
    const known = this.#tokens.get(id);
    if (known !== undefined) return known;
    const token = await this.plane.token("node", { kind: "cluster", cluster: "demo" }, id);
    this.#tokens.set(id, token);
    return token;
  }
}

function versionNamed(named: string): { readonly plugin: string; readonly version: string } {
  const [plugin = "", version] = named.split("@");
  return version === undefined ? { plugin: "tagger", version: named } : { plugin, version };
}
