import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { LineOutput } from "./access-log.ts";
import { Readiness, type ReadyCheck } from "./admin/readiness.ts";
import { CurrentChain } from "./chain/current-chain.ts";
import type { ChainSpec } from "./chain/entry.ts";
import { SnapshotApplier } from "./config/apply.ts";
import type { ServiceTable } from "./http/forwarding/outbound-routes.ts";
import { isLoopback } from "./http/loopback.ts";
import { PluginSystem } from "./plugin-system.ts";
import type { PackageSource } from "./plugins/packages/package-source.ts";
import type { SidecarSettings } from "./settings.ts";
import { Telemetry } from "./telemetry.ts";
import { Traffic, type TrafficPorts } from "./traffic.ts";

export interface DataPlaneOptions {
  readonly settings: SidecarSettings;
  /** Where snapshots find their plugins. */
  readonly packages: PackageSource;
  /** What `fromEnv` reads. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the lines of the access log go. */
  readonly output: LineOutput;
  /** Number of this process among those that share the ports; undefined: it is the only one. */
  readonly worker: number | undefined;
}

/**
 * What carries traffic in one process: plugins, chain, listeners and what counts them. It gets its configuration by
 * `applier`, and listens from `start` on, so that no exchange comes before the chain that it must pass.
 */
export class DataPlane implements AsyncDisposable {
  readonly telemetry: Telemetry;
  readonly plugins: PluginSystem;
  readonly chain: CurrentChain;
  readonly applier: SnapshotApplier;
  readonly traffic: Traffic;
  readonly readiness: Readiness;
  readonly #stack = new AsyncDisposableStack();
  readonly #clock: Clock;
  readonly #cut = Promise.withResolvers<void>();

  constructor({ settings, packages, environment, clock, log, output, worker }: DataPlaneOptions) {
    let services: ServiceTable = new Map();
    const sample = settings.accessLog ? settings.accessLogSample : undefined;
    const { hostMemory } = settings;
    this.#clock = clock;
    this.telemetry = new Telemetry({ accessLogSample: sample, output, worker, clock, log });
    this.plugins = this.#stack.use(
      new PluginSystem({ hostMemory, ownPorts: [settings.admin.port], clock, log }),
    );
    this.chain = this.#stack.use(new CurrentChain({ clock, observer: this.telemetry.chain }));
    this.applier = new SnapshotApplier({
      packages,
      registry: this.plugins.registry,
      chain: { swap: (spec) => this.#swap(spec) },
      services: (table) => void (services = table),
      environment,
    });
    this.traffic = this.#stack.use(
      new Traffic({
        settings,
        sharesPorts: worker !== undefined,
        chain: this.chain,
        services: () => services,
        direct: () => this.#allowsDirect(settings),
        observer: this.telemetry,
        clock,
        log,
      }),
    );
    this.readiness = new Readiness(() => this.chain.status.map(readyCheck));
  }

  /** Listens: on the ports of the settings, or on those that another process has got. */
  async start(ports?: TrafficPorts): Promise<TrafficPorts> {
    const listening = await this.traffic.start(ports);
    this.readiness.serving();
    return listening;
  }

  /**
   * Not ready from now on, but still accepting for `delay` ms, so that balancers notice before connections are
   * refused; then what is under way may end, at most `deadline` ms.
   */
  async drain(delay: number, deadline: number): Promise<void> {
    this.readiness.draining();
    this.traffic.announceDrain();
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#clock.after(delay, resolve);
    if (delay > 0) await Promise.race([promise, this.#cut.promise]);
    await this.traffic.drain(deadline);
  }

  /** Nobody waits any more: what is under way is cut, and a drain that goes on ends. */
  cut(): void {
    this.#cut.resolve();
    this.traffic.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #swap(spec: ChainSpec): void {
    this.chain.swap(spec);
    this.telemetry.retain(
      spec.entries.flatMap(({ plugin, version, gray }) =>
        [version, gray?.version ?? version].map((each) => ({ plugin, version: each })),
      ),
    );
  }

  /** As configured; else only where nobody but this machine reaches the outbound listener. */
  #allowsDirect({ outbound }: SidecarSettings): boolean {
    const configured = this.applier.inForce?.snapshot.unknownServices;
    if (configured !== undefined) return configured === "direct";
    return isLoopback(outbound.host);
  }
}

function readyCheck({ plugin, ready, obstacle }: CurrentChain["status"][number]): ReadyCheck {
  const reason = `policy closed, and it cannot answer: ${obstacle ?? "unknown"}`;
  return { name: `plugin ${plugin}`, problem: () => (ready ? undefined : reason) };
}
