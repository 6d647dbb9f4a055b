import { systemClock } from "../../core/clock.ts";
import { HeaderBlock } from "../../core/headers/header-block.ts";
import { createLogger } from "../../core/log.ts";
import type { ChainOutcome } from "../../sidecar/chain/chain.ts";
import { CurrentChain } from "../../sidecar/chain/current-chain.ts";
import { SnapshotApplier } from "../../sidecar/config/apply.ts";
import { Configuration } from "../../sidecar/config/configuration.ts";
import { FileSource } from "../../sidecar/config/file-source.ts";
import { PluginSystem } from "../../sidecar/plugin-system.ts";
import { PackageCache } from "../../core/packages/package-cache.ts";
import { PackageFolder } from "../../sidecar/plugins/packages/package-folder.ts";
import { RecordingObserver, requestFacts } from "./chain-fixtures.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

/** Source of a plugin that sets `x-v` at both positions. */
export const tagger = (value: string): string =>
  `export default { execute: () => ({ headerSet: { "x-v": "${value}" } }) };`;

/** All of the sidecar but its wire: a file, packages, real hosts and a chain; waits for events, never sleeps. */
export class FileMesh implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly chain: CurrentChain;
  readonly observer = new RecordingObserver();
  readonly #stack = new AsyncDisposableStack();
  readonly #packages: PackageFolder;
  readonly #configuration: Configuration;
  readonly #source: FileSource;
  #lastExchange = 0;
  #refused: (() => void) | undefined;

  private constructor(folder: TemporaryFolder) {
    const log = createLogger("silent");
    this.folder = this.#stack.use(folder);
    this.#packages = this.#stack.use(
      new PackageFolder({
        directories: [folder.join("plugins")],
        cache: new PackageCache(folder.join("state", "packages")),
        clock: systemClock,
        log,
      }),
    );
    const plugins = this.#stack.use(
      new PluginSystem({ hostMemory: undefined, ownPorts: [], clock: systemClock, log }),
    );
    this.chain = this.#stack.use(new CurrentChain({ clock: systemClock, observer: this.observer }));
    this.#configuration = this.#stack.use(
      new Configuration({
        applier: new SnapshotApplier({
          packages: this.#packages,
          registry: plugins.registry,
          chain: this.chain,
          services: () => {},
          environment: {},
        }),
        packages: this.#packages,
        clock: systemClock,
        log,
        onResult: (kind) => void (kind === "rejected" && this.#refused?.()),
      }),
    );
    this.#source = this.#stack.use(new FileSource(folder.join("mesh.yaml"), systemClock));
  }

  /** `plugins`: sources by name; `chain`: the entries as YAML's flow form. */
  static async start(plugins: Readonly<Record<string, string>>, chain: string): Promise<FileMesh> {
    const mesh = new FileMesh(await TemporaryFolder.create());
    for (const [name, source] of Object.entries(plugins)) await mesh.writePlugin(name, source);
    await mesh.writeChain(chain);
    await mesh.#packages.start();
    await mesh.#configuration.apply(await mesh.#source.read());
    mesh.#source.watch({
      snapshot: (snapshot) => void mesh.#configuration.apply(snapshot),
      problems: (problems) => mesh.#configuration.refuse(problems),
    });
    return mesh;
  }

  async writePlugin(name: string, source: string, version = "1.0.0"): Promise<void> {
    const manifest = {
      apiVersion: "sluice/v1",
      kind: "Plugin",
      name,
      version,
      runtime: "isolate",
      entry: "src/plugin.ts",
      positions: ["request", "response"],
      failurePolicy: "closed",
    };
    await this.folder.write(`plugins/${name}/plugin.yaml`, JSON.stringify(manifest));
    await this.folder.write(`plugins/${name}/src/plugin.ts`, source);
  }

  async writeChain(chain: string): Promise<void> {
    await this.folder.write("mesh.yaml", `apiVersion: sluice/v1\nkind: Mesh\nchain: ${chain}\n`);
  }

  get problems(): readonly string[] {
    return this.#configuration.status.problems.map(({ key, message }) => `${key}: ${message}`);
  }

  get loads(): readonly string[] {
    const loads = this.#configuration.status.inForce?.loads ?? [];
    return loads.map(({ plugin, state, detail }) => [plugin, state, detail].filter(Boolean).join(" "));
  }

  /** Resolves at the next snapshot that is refused. */
  async refusal(): Promise<void> {
    await new Promise<void>((resolve) => (this.#refused = resolve));
  }

  /** One exchange's way through the chain; what it wants of a position is an outcome. */
  exchange(): { at(position: 0 | 1): Promise<ChainOutcome>; end(): void } {
    const pass = this.chain.begin(requestFacts({ id: ++this.#lastExchange }));
    if (pass === undefined) throw new Error("no entry applies");
    return {
      at: (position) =>
        new Promise((resolve) => pass.run(position, HeaderBlock.empty, position === 0 ? 0 : 200, resolve)),
      end: () => pass.end(),
    };
  }

  /** Sends exchanges until one comes out like this; every one on the way must come out as `continue`. */
  async until(value: string): Promise<number> {
    for (let sent = 1; ; sent++) {
      const exchange = this.exchange();
      const [request, response] = [await exchange.at(0), await exchange.at(1)];
      exchange.end();
      if (request.kind !== "continue" || response.kind !== "continue")
        throw new Error(JSON.stringify(request));
      if (request.edits[0]?.values[0] !== response.edits[0]?.values[0])
        throw new Error("an exchange met two generations");
      if (request.edits[0]?.values[0] === value) return sent;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
