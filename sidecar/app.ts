import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { LineOutput } from "./access-log.ts";
import { AdminServer } from "./admin/admin-server.ts";
import { adminProviders } from "./admin-wiring.ts";
import { Configuration } from "./config/configuration.ts";
import { configOrigin, type ConfigOrigin } from "./config-origin.ts";
import { DataPlane } from "./data-plane.ts";
import { dataPlaneView } from "./data-plane-view.ts";
import type { LogTap } from "./log-tap.ts";
import type { ResolvedSettings } from "./settings-source.ts";
import { observeDataPlane, observeOrigin } from "./state-wiring.ts";

export interface SidecarOptions {
  readonly settings: ResolvedSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the lines of the access log go. */
  readonly output: LineOutput;
  /** All lines of `log`. */
  readonly tap: LogTap;
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
  readonly #dataPlane: DataPlane;
  readonly #configuration: Configuration;
  readonly #origin: ConfigOrigin;
  readonly #admin: AdminServer;

  private constructor(options: SidecarOptions, origin: ConfigOrigin) {
    const { clock, log, environment, output, settings } = options;
    const { values } = settings;
    const { packages } = origin;
    this.#origin = origin;
    this.#dataPlane = this.#stack.use(
      new DataPlane({ settings: values, packages, environment, clock, log, output, worker: undefined }),
    );
    const { telemetry, applier } = this.#dataPlane;
    this.#configuration = this.#stack.use(
      new Configuration({
        applier,
        packages,
        clock,
        log,
        onResult: (kind) => telemetry.configResults.with(origin.name, kind).add(),
      }),
    );
    this.#stack.use(origin);
    observeDataPlane(this.#dataPlane);
    observeOrigin(telemetry.registry, origin, this.#configuration);
    const parts = { dataPlane: this.#dataPlane, origin, configuration: this.#configuration, settings };
    const providers = adminProviders(parts, { log, drain: options.onDrain });
    this.#admin = this.#stack.use(new AdminServer({ address: values.admin, providers, log }));
  }

  /** Throws an `InputError` that names what is wrong with the settings or the configuration file. */
  static async create(options: SidecarOptions): Promise<Sidecar> {
    return new Sidecar(options, await configOrigin(options));
  }

  /**
   * Resolves when everything listens and the chain is in force; an `InputError` where the chain cannot be. `stop` ends
   * the wait for a control plane.
   */
  async start(stop: AbortSignal): Promise<SidecarPorts> {
    await this.#admin.start();
    await this.#origin.start(this.#configuration, async () => dataPlaneView(this.#dataPlane), stop);
    this.#origin.follow();
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
