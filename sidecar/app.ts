import type { Clock } from "../core/clock.ts";
import { InputError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { LineOutput } from "./access-log.ts";
import { AdminServer } from "./admin/admin-server.ts";
import { adminProviders } from "./admin-wiring.ts";
import { Configuration } from "./config/configuration.ts";
import { FileSource } from "./config/file-source.ts";
import type { MeshSnapshot } from "./config/snapshot.ts";
import { configuredPackages } from "./configured-packages.ts";
import { DataPlane } from "./data-plane.ts";
import type { PackageFolder } from "./plugins/packages/package-folder.ts";
import type { ResolvedSettings } from "./settings-source.ts";
import { observeDataPlane, observeFileConfig } from "./state-wiring.ts";

export interface SidecarOptions {
  readonly settings: ResolvedSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the lines of the access log go. */
  readonly output: LineOutput;
  /** Somebody asked at the admin port for a drain. */
  readonly onDrain: () => void;
}

/** What `start` opened. */
export interface SidecarPorts {
  readonly inbound: number;
  readonly outbound: number;
  readonly admin: number;
}

/**
 * A whole sidecar in this process. Built from the inside out: packages, data plane, configuration, admin; started so
 * that no exchange comes before the chain that it must pass, and ended in the opposite order.
 */
export class Sidecar implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #packages: PackageFolder;
  readonly #dataPlane: DataPlane;
  readonly #configuration: Configuration;
  readonly #source: FileSource | undefined;
  readonly #snapshot: MeshSnapshot | undefined;
  readonly #admin: AdminServer;

  private constructor(
    options: SidecarOptions,
    source: FileSource | undefined,
    snapshot: MeshSnapshot | undefined,
  ) {
    const { clock, log, environment, output, settings } = options;
    const { values } = settings;
    this.#source = source;
    this.#snapshot = snapshot;
    this.#packages = configuredPackages(snapshot, values, options);
    const packages = this.#packages;
    this.#dataPlane = this.#stack.use(
      new DataPlane({ settings: values, packages, environment, clock, log, output, worker: undefined }),
    );
    this.#stack.use(packages);
    const { telemetry, applier } = this.#dataPlane;
    const results = telemetry.configResults;
    this.#configuration = this.#stack.use(
      new Configuration({
        applier,
        packages,
        clock,
        log,
        onResult: (kind) => results.with("file", kind).add(),
      }),
    );
    if (source !== undefined) this.#stack.use(source);
    observeDataPlane(this.#dataPlane);
    observeFileConfig(telemetry.registry, this.#configuration);
    const parts = { dataPlane: this.#dataPlane, packages, configuration: this.#configuration, settings };
    const providers = adminProviders(parts, { log, drain: options.onDrain });
    this.#admin = this.#stack.use(new AdminServer({ address: values.admin, providers, log }));
  }

  /** Reads the configuration file, if there is one; throws an `InputError` that names what is wrong with it. */
  static async create(options: SidecarOptions): Promise<Sidecar> {
    const path = options.settings.values.config;
    const source = path === "" ? undefined : new FileSource(path, options.clock);
    return new Sidecar(options, source, await source?.read());
  }

  /** Resolves when everything listens and the chain is in force; an `InputError` where the chain cannot be. */
  async start(): Promise<SidecarPorts> {
    await this.#admin.start();
    await this.#packages.start();
    if (this.#snapshot !== undefined) {
      const result = await this.#configuration.apply(this.#snapshot);
      // There is no last good one to go on with: without its chain, traffic would pass by the guards.
      if (result.kind === "rejected") throw new InputError(result.problems);
    }
    this.#source?.watch({
      snapshot: (snapshot) => void this.#configuration.apply(snapshot),
      problems: (problems) => this.#configuration.refuse(problems),
    });
    const ports = await this.#dataPlane.start();
    return { ...ports, admin: this.#admin.port };
  }

  /** See `DataPlane.drain`. */
  async drain(delay: number, deadline: number): Promise<void> {
    await this.#dataPlane.drain(delay, deadline);
  }

  /** See `DataPlane.cut`. */
  cut(): void {
    this.#dataPlane.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
