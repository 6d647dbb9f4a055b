import type { Clock } from "../../core/clock.ts";
import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { ControlPlane, type ControlPlanePorts } from "../../control-plane/app.ts";
import { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { ServerTrust } from "../../control-plane/api/contract/server-connection.ts";
import type { Grant, Role, Scope } from "../../control-plane/model/access.ts";
import { CONTROL_PLANE_SETTINGS, type ControlPlaneSettings } from "../../control-plane/settings.ts";
import { resolveOptions } from "../../core/options/resolve.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

/** A secret that is long enough, and nobody's. */
const ADMIN_SECRET = "sluice_0123456789abcdef0123456789abcdef";

export interface TestControlPlaneOptions {
  readonly settings?: Partial<ControlPlaneSettings>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly folder?: TemporaryFolder;
  /** Of its own clients, where its settings have certificates. */
  readonly trust?: ServerTrust;
}

/** A whole control plane on free ports, its answers checked against their schemas. */
export class TestControlPlane implements AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly ports: ControlPlanePorts;
  readonly folder: TemporaryFolder;
  readonly baseUrl: string;
  readonly admin: ApiClient;
  /** Its token. */
  readonly adminSecret: string = ADMIN_SECRET;
  readonly #stack: AsyncDisposableStack;
  readonly #trust: ServerTrust | undefined;

  private constructor(
    controlPlane: ControlPlane,
    ports: ControlPlanePorts,
    folder: TemporaryFolder,
    stack: AsyncDisposableStack,
    trust: ServerTrust | undefined,
  ) {
    this.controlPlane = controlPlane;
    this.ports = ports;
    this.folder = folder;
    this.#trust = trust;
    this.baseUrl = `${trust === undefined ? "http" : "https"}://127.0.0.1:${ports.api}`;
    this.#stack = stack;
    this.admin = this.client(ADMIN_SECRET);
  }

  static async start(options: TestControlPlaneOptions = {}): Promise<TestControlPlane> {
    await using stack = new AsyncDisposableStack();
    const folder = options.folder ?? stack.use(await TemporaryFolder.create());
    const { values } = resolveOptions(CONTROL_PLANE_SETTINGS, {});
    const anyPort = { host: "127.0.0.1", port: 0 };
    const controlPlane = await ControlPlane.open({
      settings: {
        ...values,
        api: anyPort,
        push: anyPort,
        folder: folder.join("control-plane"),
        adminToken: ADMIN_SECRET,
        watchInterval: 10,
        ...options.settings,
      },
      environment: options.environment ?? {},
      clock: options.clock ?? systemClock,
      log: createLogger("silent"),
      checkAnswers: true,
    });
    stack.use(controlPlane);
    const ports = await controlPlane.start();
    return new TestControlPlane(controlPlane, ports, folder, stack.move(), options.trust);
  }

  /** Gone with the control plane. */
  client(token: string | undefined): ApiClient {
    return this.#stack.use(new ApiClient({ baseUrl: this.baseUrl, token, ...this.#trust }));
  }

  /** The secret of a token with one role. */
  async token(role: Role, scope: Scope = { kind: "all" }, node?: string): Promise<string> {
    const grants: Grant[] = [{ role, scope }];
    const body = { name: role === "node" ? (node ?? "node") : role, grants, node };
    return (await this.admin.call("createToken", { body })).secret;
  }

  /** Domain `shop` with the clusters `demo` and `other`. */
  async withClusters(): Promise<this> {
    const { admin } = this;
    const domain = { name: "shop", description: "", versionApproval: false };
    await admin.call("putDomain", { params: { domain: "shop" }, body: domain });
    for (const name of ["demo", "other"]) {
      const rules = { environment: "test", requiredApprovals: 1, rollbackApproval: false };
      await admin.call("putCluster", { params: { cluster: name }, body: { name, domain: "shop", ...rules } });
    }
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
