import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Child } from "./child.ts";

const SIDECAR = fileURLToPath(new URL("../../sidecar/main.ts", import.meta.url));

/** A plugin as a test writes it down; the manifest's fields that matter rarely have defaults. */
export interface TestPlugin {
  readonly source: string;
  readonly version?: string;
  readonly positions?: readonly string[];
  readonly failurePolicy?: string;
  /** Further fields of plugin.yaml. */
  readonly manifest?: Readonly<Record<string, unknown>>;
}

export interface MeshOptions {
  /** Where the app listens. */
  readonly app: number;
  readonly plugins?: Readonly<Record<string, TestPlugin>>;
  /** Entries as mesh.yaml has them; default: each plugin, in order. */
  readonly chain?: readonly Readonly<Record<string, unknown>>[];
  readonly services?: Readonly<Record<string, readonly string[]>>;
  /** Of the whole chain, as mesh.yaml has them. */
  readonly deadlines?: Readonly<Record<string, string>>;
  readonly unknownServices?: "direct" | "deny";
  /** Of Node. */
  readonly flags?: readonly string[];
  /** The file's `sidecar:` section. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A real sidecar process in front of an app, configured by a file, on free ports. */
export class TestMesh implements AsyncDisposable {
  readonly child: Child;
  readonly folder: string;
  readonly inbound: number;
  readonly outbound: number;
  readonly admin: number;
  #options: MeshOptions;

  private constructor(child: Child, folder: string, ports: Ports, options: MeshOptions) {
    this.child = child;
    this.folder = folder;
    this.inbound = ports.inbound;
    this.outbound = ports.outbound;
    this.admin = ports.admin;
    this.#options = options;
  }

  static async start(options: MeshOptions): Promise<TestMesh> {
    const folder = await mkdtemp(join(tmpdir(), "sluice-mesh-"));
    await mkdir(join(folder, "plugins"));
    for (const [name, plugin] of Object.entries(options.plugins ?? {})) {
      await writePlugin(folder, name, plugin);
    }
    await writeFile(join(folder, "mesh.yaml"), configText(folder, options));
    const child = new Child(process.execPath, [
      ...(options.flags ?? []),
      SIDECAR,
      "--config",
      join(folder, "mesh.yaml"),
    ]);
    const [line] = await child.line(/"msg":"ready"/).catch(async (error: unknown) => {
      await rm(folder, { recursive: true });
      throw error;
    });
    const ready = JSON.parse(line === undefined ? "{}" : lineOf(child, line)) as Ports;
    return new TestMesh(child, folder, ready, options);
  }

  /** Writes a plugin's folder anew, as an author's editor would. */
  async plugin(name: string, plugin: TestPlugin): Promise<void> {
    await writePlugin(this.folder, name, plugin);
  }

  /** Writes mesh.yaml anew with what differs from the start. */
  async configure(changes: Partial<MeshOptions>): Promise<void> {
    this.#options = { ...this.#options, ...changes };
    await writeFile(join(this.folder, "mesh.yaml"), configText(this.folder, this.#options));
  }

  /** GET on the admin port. */
  async ask(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.admin}${path}`);
  }

  /** Waits until a plugin of this version (and not `before`, a digest) serves. */
  async serving(name: string, before?: string): Promise<string> {
    const serves = ({ digest, name: each }: PluginState): boolean =>
      each === name && digest !== undefined && digest !== before;
    const page = await this.until("/plugins", ({ plugins }: PluginsPage) => plugins.some(serves));
    return page.plugins.find(serves)?.digest ?? "";
  }

  /** Asks for an admin page again and again until it says what is waited for. */
  async until<Page>(path: string, holds: (page: Page) => boolean): Promise<Page> {
    for (;;) {
      const page = (await (await this.ask(path)).json()) as Page;
      if (holds(page)) return page;
    }
  }

  /** The sum of all samples of a metric whose labels match, read from /metrics. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const text = await (await this.ask("/metrics")).text();
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    return text
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

interface Ports {
  readonly inbound: number;
  readonly outbound: number;
  readonly admin: number;
}

interface PluginState {
  readonly name: string;
  readonly digest?: string;
}

interface PluginsPage {
  readonly plugins: readonly PluginState[];
}

function lineOf(child: Child, part: string): string {
  return child.output.split("\n").find((line) => line.includes(part)) ?? "{}";
}

function configText(folder: string, options: MeshOptions): string {
  const names = Object.keys(options.plugins ?? {});
  return JSON.stringify({
    apiVersion: "sluice/v1",
    kind: "Mesh",
    sidecar: {
      inbound: "127.0.0.1:0",
      outbound: "127.0.0.1:0",
      admin: "127.0.0.1:0",
      app: `127.0.0.1:${options.app}`,
      appProtocol: "auto",
      drainDelay: "0ms",
      ...options.settings,
    },
    plugins: { folder: join(folder, "plugins") },
    deadlines: options.deadlines ?? {},
    chain: options.chain ?? names.map((plugin) => ({ plugin })),
    services: options.services ?? {},
    ...(options.unknownServices === undefined ? {} : { unknownServices: options.unknownServices }),
  });
}

async function writePlugin(folder: string, name: string, plugin: TestPlugin): Promise<void> {
  const own = join(folder, "plugins", name);
  await mkdir(join(own, "src"), { recursive: true });
  const manifest = {
    apiVersion: "sluice/v1",
    kind: "Plugin",
    name,
    version: plugin.version ?? "1.0.0",
    runtime: "isolate",
    entry: "src/plugin.ts",
    positions: plugin.positions ?? ["request"],
    failurePolicy: plugin.failurePolicy ?? "closed",
    ...plugin.manifest,
  };
  await writeFile(join(own, "plugin.yaml"), JSON.stringify(manifest));
  await writeFile(join(own, "src/plugin.ts"), plugin.source);
}
