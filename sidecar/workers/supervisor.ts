import { InputError } from "../../core/errors.ts";
import { AdminServer } from "../admin/admin-server.ts";
import { Readiness } from "../admin/readiness.ts";
import type { SidecarOptions, SidecarPorts } from "../app.ts";
import { Configuration } from "../config/configuration.ts";
import { FileSource } from "../config/file-source.ts";
import type { MeshSnapshot } from "../config/snapshot.ts";
import { configuredPackages } from "../configured-packages.ts";
import type { PackageFolder } from "../plugins/packages/package-folder.ts";
import { observeFileConfig } from "../state-wiring.ts";
import { SharedApplier } from "./shared-applier.ts";
import { supervisorProviders } from "./supervisor-admin.ts";
import { SupervisorTelemetry } from "./supervisor-telemetry.ts";
import type { WorkerOutputs } from "./worker-process.ts";
import { WorkerSet } from "./worker-set.ts";

export interface SupervisorOptions extends Omit<SidecarOptions, "output">, WorkerOutputs {
  /** How many workers. */
  readonly count: number;
}

/**
 * A sidecar of several processes: this one carries no traffic, but has the configuration, the admin port and the log,
 * and sees to it that there are as many workers as were asked for. See README.md.
 */
export class Supervisor implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #readiness = new Readiness(() => []);
  readonly #packages: PackageFolder;
  readonly #workers: WorkerSet;
  readonly #configuration: Configuration;
  readonly #source: FileSource | undefined;
  readonly #snapshot: MeshSnapshot | undefined;
  readonly #admin: AdminServer;

  private constructor(
    options: SupervisorOptions,
    source: FileSource | undefined,
    snapshot: MeshSnapshot | undefined,
  ) {
    const { settings, clock, log, count, output, errors } = options;
    this.#source = source;
    this.#snapshot = snapshot;
    const telemetry = new SupervisorTelemetry(
      () => this.#workers,
      () => this.#serves(),
    );
    const packages = configuredPackages(snapshot, settings.values, options);
    const applier = new SharedApplier(packages, log);
    this.#packages = packages;
    this.#workers = this.#stack.use(
      new WorkerSet(count, {
        settings: settings.values,
        logLevel: () => providers.logging.get(),
        admit: (worker) => applier.admit(worker),
        dismiss: (worker) => {
          applier.dismiss(worker);
          telemetry.ended(worker);
        },
        onDeath: (cause) => telemetry.deaths.with(cause).add(),
        // What was refused for want of workers, or did not load in the new one, gets another try.
        onReplaced: () => this.#configuration.retry(),
        clock,
        log,
        output,
        errors,
      }),
    );
    this.#stack.use(packages);
    const onResult = (kind: "applied" | "unchanged" | "rejected"): void => {
      telemetry.configResults.with("file", kind).add();
      telemetry.retain(applier.inForce?.loads ?? []);
    };
    this.#configuration = this.#stack.use(new Configuration({ applier, packages, clock, log, onResult }));
    if (source !== undefined) this.#stack.use(source);
    observeFileConfig(telemetry.registry, this.#configuration);
    const parts = {
      settings,
      packages,
      telemetry,
      workers: this.#workers,
      configuration: this.#configuration,
      readiness: this.#readiness,
    };
    const providers = supervisorProviders(parts, { log, drain: options.onDrain });
    this.#admin = this.#stack.use(new AdminServer({ address: settings.values.admin, providers, log }));
  }

  /** Reads the configuration file, if there is one; throws an `InputError` that names what is wrong with it. */
  static async create(options: SupervisorOptions): Promise<Supervisor> {
    const path = options.settings.values.config;
    const source = path === "" ? undefined : new FileSource(path, options.clock);
    return new Supervisor(options, source, await source?.read());
  }

  /**
   * Resolves when every worker listens with the chain in force; an `InputError` where the chain cannot be, a
   * `MeshError` where a worker cannot start.
   */
  async start(): Promise<SidecarPorts> {
    await this.#admin.start();
    await this.#packages.start();
    await this.#workers.start();
    if (this.#snapshot !== undefined) {
      const result = await this.#configuration.apply(this.#snapshot);
      if (result.kind === "rejected") throw new InputError(result.problems);
    }
    const ports = await this.#workers.listen();
    this.#source?.watch({
      snapshot: (snapshot) => void this.#configuration.apply(snapshot),
      problems: (problems) => this.#configuration.refuse(problems),
    });
    this.#readiness.serving();
    return { ...ports, admin: this.#admin.port };
  }

  /** As `Sidecar.drain`, in all workers at once. */
  async drain(delay: number, deadline: number): Promise<void> {
    this.#readiness.draining();
    await this.#workers.drain(delay, deadline);
  }

  /** As `Sidecar.cut`, in all workers at once. */
  cut(): void {
    void this.#workers.askAll("cut", null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #serves(): boolean {
    const someoneServes = this.#workers.seats.some(({ state }) => state === "serving");
    return someoneServes && this.#readiness.reasons().length === 0;
  }
}
