import { randomUUID } from "node:crypto";

import { parseAddress } from "../core/address.ts";
import { identifier } from "../core/chain-document/names.ts";
import { InputError, MeshError, type Problem } from "../core/errors.ts";
import manifest from "../package.json" with { type: "json" };
import type { ConfigOrigin, OriginName, OriginOptions } from "./config-origin.ts";
import type { Configuration } from "./config/configuration.ts";
import { FileSource } from "./config/file-source.ts";
import type { MeshSnapshot } from "./config/snapshot.ts";
import { ControlAgent, type ControlAgentOptions } from "./control/control-agent.ts";
import type { NodeView } from "./control/node-view.ts";
import { openNodeFolder, type NodeFolder } from "./control/node-folder.ts";
import { PluginLogs, type DroppedLines } from "./control/plugin-logs.ts";
import { ReleasedPackages } from "./control/released-packages.ts";
import { hostCommand } from "./plugin-host/host-command.ts";
import { ScratchHosts } from "./plugins/isolate/scratch-hosts.ts";
import type { SidecarSettings } from "./settings.ts";
import { stateFolder } from "./state-folder.ts";

/** Configuration and packages from a control plane, or from what it sent in an earlier life. */
export class ControlOrigin implements ConfigOrigin {
  readonly packages = new ReleasedPackages();
  readonly #options: OriginOptions;
  readonly #folder: NodeFolder;
  readonly #identity: ControlAgentOptions["self"]["identity"];
  readonly #logs: PluginLogs;
  readonly #scratch: ScratchHosts;
  #agent: ControlAgent | undefined;

  private constructor(options: OriginOptions, folder: NodeFolder, named: MeshSnapshot["node"] | undefined) {
    const { settings, clock, tap } = options;
    this.#options = options;
    this.#folder = folder;
    this.#identity = { ...identityOf(settings.values, named), id: folder.id };
    this.#logs = new PluginLogs(`${folder.path}/logs`, clock);
    this.#scratch = new ScratchHosts(hostCommand(), clock);
    tap.listen((lines) => this.#logs.write(lines));
  }

  /** Throws an `InputError` where the settings, or the configuration file beside them, do not fit a control plane. */
  static async create(options: OriginOptions): Promise<ControlOrigin> {
    const { values } = options.settings;
    const problems = settingsProblems(values);
    const file = values.config === "" ? undefined : await readFile(values.config, options);
    if (file !== undefined) problems.push(...fileProblems(values.config, file));
    if (problems.length > 0) throw new InputError(problems);
    const id = values.nodeId === "" ? (file?.node.id ?? "") : values.nodeId;
    const folder = await openNodeFolder(stateFolder(values.stateFolder), id);
    return new ControlOrigin(options, folder, file?.node);
  }

  get name(): OriginName {
    return this.#agent?.status.source ?? "stream";
  }

  get tick(): number {
    return this.#agent?.status.tick ?? 0;
  }

  get connected(): boolean {
    return this.#agent?.status.connected ?? false;
  }

  get droppedLogLines(): DroppedLines {
    return this.#logs.dropped;
  }

  get page(): unknown {
    return this.#agent?.status;
  }

  get note(): string | undefined {
    const status = this.#agent?.status;
    if (status === undefined || status.connected) return undefined;
    const trouble = status.trouble === "" ? "connecting" : status.trouble;
    const from = status.source === "disk" ? "; the last good configuration is in force, from disk" : "";
    return `no connection to the control plane ${status.target}: ${trouble}${from}`;
  }

  async start(into: Configuration, look: () => Promise<NodeView>, stop: AbortSignal): Promise<void> {
    const agent = this.#makeAgent(into, look);
    this.#agent = agent;
    const stopped = Promise.withResolvers<never>();
    const onStop = (): void =>
      stopped.reject(
        new MeshError("stopped before a configuration was in force", { code: "stopped", source: "internal" }),
      );
    stop.addEventListener("abort", onStop, { once: true });
    if (stop.aborted) onStop();
    try {
      await Promise.race([agent.start(), stopped.promise]);
    } finally {
      stop.removeEventListener("abort", onStop);
    }
  }

  /** The control plane is followed from the start. */
  follow(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.[Symbol.asyncDispose]();
    await this.#scratch[Symbol.asyncDispose]();
    this.#options.tap.listen(undefined);
    await this.#logs[Symbol.asyncDispose]();
  }

  #makeAgent(configuration: Configuration, look: () => Promise<NodeView>): ControlAgent {
    const { settings, environment, clock, log } = this.#options;
    const { values } = settings;
    return new ControlAgent({
      target: values.controlPlane,
      artifacts: values.controlPlaneArtifacts,
      credentials: {
        ca: values.controlPlaneCa,
        cert: values.controlPlaneCert,
        key: values.controlPlaneKey,
        tls: values.controlPlaneTls,
        token: values.controlPlaneToken,
        tokenFile: values.controlPlaneTokenFile,
      },
      self: { identity: this.#identity, version: manifest.version, incarnation: randomUUID() },
      folder: this.#folder.path,
      released: this.packages,
      configuration,
      compile: (spec) => this.#scratch.check(spec),
      expectScript: () => this.#scratch.expect(),
      environment,
      look,
      logs: this.#logs,
      clock,
      log,
    });
  }
}

async function readFile(path: string, { clock }: OriginOptions): Promise<MeshSnapshot> {
  await using source = new FileSource(path, clock);
  return await source.read();
}

function settingsProblems(values: SidecarSettings): Problem[] {
  const problems: Problem[] = [];
  const where = "settings";
  if (parseAddress(values.controlPlane) === undefined)
    problems.push({ where, key: "controlPlane", message: "expected host:port, such as control-plane:7401" });
  for (const key of ["nodeId", "cluster", "service", "symbol"] as const)
    if (values[key] !== "" && !identifier.safeParse(values[key]).success)
      problems.push({ where, key, message: "expected letters, digits, ., _ and -" });
  if ((values.controlPlaneCert === "") !== (values.controlPlaneKey === ""))
    problems.push({ where, key: "controlPlaneCert", message: "a certificate and its key go together" });
  if (values.controlPlaneToken !== "" && values.controlPlaneTokenFile !== "")
    problems.push({
      where,
      key: "controlPlaneToken",
      message: "expected a token or a file that holds it, not both",
    });
  return problems;
}

/** Two that say what is in force would contradict each other. */
function fileProblems(where: string, { chain, services, pluginFolders }: MeshSnapshot): Problem[] {
  const message = "comes from the control plane: a file beside it has settings and the node only";
  return [
    ...(chain.length > 0 ? [{ where, key: "chain", message }] : []),
    ...(Object.keys(services).length > 0 ? [{ where, key: "services", message }] : []),
    ...(pluginFolders.length > 0 ? [{ where, key: "plugins", message }] : []),
  ];
}

function identityOf(values: SidecarSettings, named: MeshSnapshot["node"] | undefined): MeshSnapshot["node"] {
  const labels = values.labels.map((label) => {
    const [name = "", ...value] = label.split("=");
    return [name, value.join("=")] as const;
  });
  return {
    id: undefined,
    cluster: values.cluster || (named?.cluster ?? "default"),
    service: values.service || (named?.service ?? "app"),
    symbol: values.symbol || (named?.symbol ?? "stable"),
    labels: { ...named?.labels, ...Object.fromEntries(labels) },
  };
}
