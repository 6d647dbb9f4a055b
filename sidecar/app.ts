import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import { InputError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { LineOutput } from "./access-log.ts";
import { AdminServer } from "./admin/admin-server.ts";
import { Readiness } from "./admin/readiness.ts";
import { adminProviders } from "./admin-wiring.ts";
import { CurrentChain } from "./chain/current-chain.ts";
import type { ChainSpec } from "./chain/entry.ts";
import { Configuration } from "./config/configuration.ts";
import { FileSource } from "./config/file-source.ts";
import type { MeshSnapshot } from "./config/snapshot.ts";
import type { ServiceTable } from "./http/forwarding/outbound-routes.ts";
import { isLoopback } from "./http/loopback.ts";
import { PluginSystem } from "./plugin-system.ts";
import type { ResolvedSettings } from "./settings-source.ts";
import { observeSidecar } from "./state-wiring.ts";
import { Telemetry } from "./telemetry.ts";
import { Traffic } from "./traffic.ts";

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
 * A whole sidecar in this process. Built from the inside out: plugins, chain, configuration, traffic, admin; started
 * in that order, so that no exchange comes before the chain that it must pass, and ended in the opposite one.
 */
export class Sidecar implements AsyncDisposable {
  readonly #options: SidecarOptions;
  readonly #stack = new AsyncDisposableStack();
  readonly #readiness: Readiness;
  readonly #plugins: PluginSystem;
  readonly #chain: CurrentChain;
  readonly #configuration: Configuration;
  readonly #source: FileSource | undefined;
  readonly #snapshot: MeshSnapshot | undefined;
  readonly #traffic: Traffic;
  readonly #admin: AdminServer;

  private constructor(
    options: SidecarOptions,
    source: FileSource | undefined,
    snapshot: MeshSnapshot | undefined,
  ) {
    const { clock, log, environment, output } = options;
    const settings = options.settings.values;
    let services: ServiceTable = new Map();
    this.#options = options;
    this.#source = source;
    this.#snapshot = snapshot;
    const sample = settings.accessLog ? settings.accessLogSample : undefined;
    const telemetry = new Telemetry({ accessLogSample: sample, output, log });

    this.#plugins = this.#stack.use(
      new PluginSystem({
        folders: snapshot?.pluginFolders ?? [],
        stateFolder: settings.stateFolder === "" ? join(tmpdir(), "sluice") : settings.stateFolder,
        hostMemory: settings.hostMemory,
        clock,
        log,
      }),
    );
    this.#chain = this.#stack.use(new CurrentChain({ clock, observer: telemetry.chain }));
    this.#configuration = this.#stack.use(
      new Configuration({
        packages: this.#plugins.packages,
        registry: this.#plugins.registry,
        chain: { swap: (spec) => this.#swap(spec, telemetry) },
        services: (table) => void (services = table),
        environment,
        clock,
        log,
        onResult: (kind) => telemetry.configResults.with("file", kind).add(),
      }),
    );
    if (source !== undefined) this.#stack.use(source);

    this.#traffic = this.#stack.use(
      new Traffic({
        settings,
        chain: this.#chain,
        services: () => services,
        direct: () => this.#allowsDirect(),
        observer: telemetry,
        clock,
        log,
      }),
    );
    this.#readiness = new Readiness(() => this.#chain.status.map(readyCheck));
    const parts = {
      settings: options.settings,
      telemetry,
      readiness: this.#readiness,
      chain: this.#chain,
      plugins: this.#plugins,
      configuration: this.#configuration,
      traffic: this.#traffic,
    };
    observeSidecar(parts);
    const providers = adminProviders(parts, { log, drain: options.onDrain });
    this.#admin = this.#stack.use(new AdminServer({ address: settings.admin, providers, log }));
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
    await this.#plugins.packages.start();
    if (this.#snapshot !== undefined) {
      const result = await this.#configuration.apply(this.#snapshot);
      // There is no last good one to go on with: without its chain, traffic would pass by the guards.
      if (result.kind === "rejected") throw new InputError(result.problems);
    }
    this.#source?.watch({
      snapshot: (snapshot) => void this.#configuration.apply(snapshot),
      problems: (problems) => this.#configuration.refuse(problems),
    });
    await this.#traffic.start();
    this.#readiness.serving();
    const { inbound, outbound } = this.#traffic;
    return {
      inbound: inbound.address()?.port ?? 0,
      outbound: outbound.address()?.port ?? 0,
      admin: this.#admin.port,
    };
  }

  /**
   * Not ready from now on, but still accepting for `delay` ms, so that balancers notice before connections are
   * refused; then what is under way may end, at most `deadline` ms.
   */
  async drain(delay: number, deadline: number): Promise<void> {
    this.#readiness.draining();
    this.#traffic.announceDrain();
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#options.clock.after(delay, resolve);
    if (delay > 0) await promise;
    await this.#traffic.drain(deadline);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  /** A year of releases must not stay in the memory of those who count. */
  #swap(spec: ChainSpec, { plugins }: Telemetry): void {
    this.#chain.swap(spec);
    plugins.retain(spec.entries);
  }

  /** As configured; else only where nobody but this machine reaches the outbound listener. */
  #allowsDirect(): boolean {
    const configured = this.#configuration.status.inForce?.snapshot.unknownServices;
    if (configured !== undefined) return configured === "direct";
    return isLoopback(this.#options.settings.values.outbound.host);
  }
}

function readyCheck({ plugin, ready, obstacle }: CurrentChain["status"][number]): {
  readonly name: string;
  problem(): string | undefined;
} {
  const reason = `policy closed, and it cannot answer: ${obstacle ?? "unknown"}`;
  return { name: `plugin ${plugin}`, problem: () => (ready ? undefined : reason) };
}
