import { AdminServer } from "../admin/admin-server.ts";
import { Readiness } from "../admin/readiness.ts";
import type { SidecarOptions, SidecarPorts } from "../app.ts";
import { Configuration } from "../config/configuration.ts";
import { configOrigin, type ConfigOrigin } from "../config-origin.ts";
import type { NodeView } from "../control/node-view.ts";
import { joinedViews } from "../data-plane-view.ts";
import { observeOrigin } from "../state-wiring.ts";
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
  readonly #workers: WorkerSet;
  readonly #configuration: Configuration;
  readonly #origin: ConfigOrigin;
  readonly #admin: AdminServer;

  private constructor(options: SupervisorOptions, origin: ConfigOrigin) {
    const { settings, clock, log, count, tap, errors } = options;
    const { packages } = origin;
    this.#origin = origin;
    const telemetry = new SupervisorTelemetry(
      () => this.#workers,
      () => this.#serves(),
    );
    const applier = new SharedApplier(packages, log);
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
        output: tap,
        errors,
      }),
    );
    const onResult = (kind: "applied" | "unchanged" | "rejected"): void => {
      telemetry.configResults.with(origin.name, kind).add();
      telemetry.retain(applier.inForce?.loads ?? []);
    };
    this.#configuration = this.#stack.use(new Configuration({ applier, packages, clock, log, onResult }));
    this.#stack.use(origin);
    observeOrigin(telemetry.registry, origin, this.#configuration);
    const parts = {
      settings,
      origin,
      telemetry,
      workers: this.#workers,
      configuration: this.#configuration,
      readiness: this.#readiness,
    };
    const providers = supervisorProviders(parts, { log, drain: options.onDrain });
    this.#admin = this.#stack.use(new AdminServer({ address: settings.values.admin, providers, log }));
  }

  /** Throws an `InputError` that names what is wrong with the settings or the configuration file. */
  static async create(options: SupervisorOptions): Promise<Supervisor> {
    return new Supervisor(options, await configOrigin(options));
  }

  /**
   * Resolves when every worker listens with the chain in force; an `InputError` where the chain cannot be, a
   * `MeshError` where a worker cannot start. `stop` ends the wait for a control plane.
   */
  async start(stop: AbortSignal): Promise<SidecarPorts> {
    await this.#admin.start();
    await this.#workers.start();
    await this.#origin.start(this.#configuration, () => this.#look(), stop);
    const ports = await this.#workers.listen();
    this.#origin.follow();
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

  async #look(): Promise<NodeView> {
    const answers = await this.#workers.askAll("view", null);
    return joinedViews(answers.flatMap((each) => ("answer" in each ? each.answer : [])));
  }

  #serves(): boolean {
    const someoneServes = this.#workers.seats.some(({ state }) => state === "serving");
    return someoneServes && this.#readiness.reasons().length === 0;
  }
}
