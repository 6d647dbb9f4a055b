import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { addProcessMetrics } from "../core/metrics/process-metrics.ts";
import type { LabelledFamily } from "../core/metrics/family.ts";
import { MetricsRegistry } from "../core/metrics/registry.ts";
import type { Counter } from "../core/metrics/series.ts";
import { AccessLog, type LineOutput } from "./access-log.ts";
import type { ChainObserver } from "./chain/observer.ts";
import type { AskTarget } from "./chain/runner.ts";
import { DegradedFailures } from "./degraded-failures.ts";
import type {
  ExchangeObserver,
  FinishedExchange,
  ListenerName,
  RefusedExchange,
} from "./http/forwarding/finished-exchange.ts";
import { ExchangeMetrics, type ListenerMetrics } from "./metrics/exchange-metrics.ts";
import { PluginMetrics } from "./metrics/plugin-metrics.ts";
import { configResults } from "./metrics/state-metrics.ts";

export interface TelemetryOptions {
  /** Share of the exchanges that get a line in the access log; undefined: no access log. */
  readonly accessLogSample: number | undefined;
  readonly output: LineOutput;
  /** Number of this process where several carry the traffic. */
  readonly worker: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Everything that counts and writes down what happens. */
export class Telemetry implements ExchangeObserver {
  readonly registry: MetricsRegistry = new MetricsRegistry();
  readonly plugins: PluginMetrics;
  /** By source and result. */
  readonly configResults: LabelledFamily<Counter>;
  readonly #listeners: Readonly<Record<ListenerName, ListenerMetrics>>;
  readonly #accessLog: AccessLog | undefined;
  readonly #degraded: DegradedFailures;
  readonly #log: Logger;
  #inFlight = 0;
  #exchanges = 0;

  constructor({ accessLogSample, output, worker, clock, log }: TelemetryOptions) {
    const exchanges = new ExchangeMetrics(this.registry);
    this.#listeners = { inbound: exchanges.listener("inbound"), outbound: exchanges.listener("outbound") };
    this.plugins = new PluginMetrics(this.registry);
    this.configResults = configResults(this.registry);
    this.#degraded = new DegradedFailures(log, clock);
    this.#log = log;
    this.#accessLog =
      accessLogSample === undefined ? undefined : new AccessLog({ output, worker, sample: accessLogSample });
    addProcessMetrics(this.registry);
  }

  /** Exchanges under way, and those that ended since the start. */
  get traffic(): { readonly inFlight: number; readonly exchanges: number } {
    return { inFlight: this.#inFlight, exchanges: this.#exchanges };
  }

  began(listener: ListenerName): void {
    this.#inFlight++;
    this.#listeners[listener].began();
  }

  finished(exchange: FinishedExchange): void {
    this.#inFlight--;
    this.#exchanges++;
    this.#listeners[exchange.listener].ended(exchange);
    this.#accessLog?.finished(exchange);
  }

  refused(refused: RefusedExchange): void {
    this.#exchanges++;
    const { listener, protocol, status, error } = refused;
    this.#listeners[listener].refused(protocol, status, error.code);
    this.#accessLog?.refused(refused);
  }

  /** Forgets plugins that are not in force: a year of releases must not stay in memory. */
  retain(inForce: readonly Pick<AskTarget, "plugin" | "version">[]): void {
    this.plugins.retain(inForce);
    this.#degraded.retain(inForce);
  }

  /** What the chain tells: counted, and logged where it is rare. */
  get chain(): ChainObserver {
    const { plugins } = this;
    return {
      asked: (record) => {
        plugins.asked(record);
        this.#degraded.asked(record);
      },
      roundTrip: (position, count) => plugins.roundTrip(position, count),
      handedOver: (plugin, position) => plugins.handedOver(plugin, position),
      dropped: (plugin, position) => plugins.dropped(plugin, position),
      breakerChanged: (target, state) => {
        plugins.breakerChanged(target, state);
        this.#log.warn({ plugin: target.plugin, version: target.version, state }, "plugin breaker");
      },
    };
  }
}
