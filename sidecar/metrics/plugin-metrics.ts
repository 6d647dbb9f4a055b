import type { LabelledFamily } from "../../core/metrics/family.ts";
import type { MetricsRegistry } from "../../core/metrics/registry.ts";
import type { Counter, Histogram } from "../../core/metrics/series.ts";
import type { PluginRecord } from "../chain/chain.ts";
import type { AskTarget } from "../chain/runner.ts";
import { POSITION_NAMES, type Position, type Verdict } from "../chain/verdict.ts";
import { PLUGIN_BUCKETS } from "./buckets.ts";

const PLUGIN_LABELS = ["plugin", "version", "position", "mode"] as const;

/** What plugins did. Has the methods of the chain's observer that count; the path of every request leads here. */
export class PluginMetrics {
  readonly #calls: LabelledFamily<Counter>;
  readonly #durations: LabelledFamily<Histogram>;
  readonly #failures: LabelledFamily<Counter>;
  readonly #policies: LabelledFamily<Counter>;
  readonly #handOvers: LabelledFamily<Counter>;
  readonly #dropped: LabelledFamily<Counter>;
  readonly #trips: LabelledFamily<Counter>;
  readonly #roundTrips: readonly Counter[];
  readonly #asked: readonly Counter[];
  /** By generation, position and mode as one number. */
  #series = new Map<number, TargetMetrics>();

  constructor(registry: MetricsRegistry) {
    const counter = (name: string, help: string, labels: readonly string[]): LabelledFamily<Counter> =>
      registry.counter(`sluice_plugin_${name}_total`, help, labels);
    const atPosition = ["plugin", "position"];
    this.#calls = counter("calls", "Verdicts of plugins; failed: there was no valid one.", [
      ...PLUGIN_LABELS,
      "verdict",
    ]);
    this.#failures = counter("failures", "Failures of plugins by cause.", [...PLUGIN_LABELS, "cause"]);
    this.#policies = counter("policy_applied", "Exchanges for which a failure policy stood in.", [
      ...PLUGIN_LABELS,
      "policy",
    ]);
    this.#handOvers = counter(
      "hand_overs",
      "Response positions run by another generation, or none.",
      atPosition,
    );
    this.#dropped = counter("dropped", "Questions in mode degrade that were dropped when busy.", atPosition);
    this.#trips = counter("breaker_changes", "Changes of a generation's breaker.", [
      "plugin",
      "version",
      "state",
    ]);
    this.#durations = registry.histogram(
      "sluice_plugin_duration_seconds",
      "Wall time of a plugin at one position of one exchange.",
      PLUGIN_BUCKETS,
      PLUGIN_LABELS,
    );
    const roundTrips = counter("round_trips", "Segments asked: consecutive isolate plugins are one.", [
      "position",
    ]);
    const asked = counter("round_trip_plugins", "Plugins asked in those round trips.", ["position"]);
    this.#roundTrips = POSITION_NAMES.map((name) => roundTrips.with(name));
    this.#asked = POSITION_NAMES.map((name) => asked.with(name));
  }

  asked(record: PluginRecord): void {
    this.#seriesOf(record).count(record);
  }

  roundTrip(position: Position, plugins: number): void {
    this.#roundTrips[position]?.add();
    this.#asked[position]?.add(plugins);
  }

  handedOver(plugin: string, position: Position): void {
    this.#handOvers.with(plugin, POSITION_NAMES[position]).add();
  }

  dropped(plugin: string, position: Position): void {
    this.#dropped.with(plugin, POSITION_NAMES[position]).add();
  }

  breakerChanged(target: AskTarget, state: string): void {
    this.#trips.with(target.plugin, target.version, state).add();
  }

  /** Forgets versions that are not in force any more: a node that lives for a year sees many of them. */
  retain(inForce: readonly Pick<AskTarget, "plugin" | "version">[]): void {
    const kept = new Set(inForce.map(({ plugin, version }) => `${plugin}@${version}`));
    const passes = ([plugin, version]: readonly string[]): boolean => kept.has(`${plugin}@${version}`);
    for (const family of [this.#calls, this.#durations, this.#failures, this.#policies, this.#trips]) {
      family.retain(passes);
    }
    this.#series = new Map();
  }

  #seriesOf(record: PluginRecord): TargetMetrics {
    const { target, position, background } = record;
    // Generation 0 stands for all entries that could not be loaded: rare, and found by name.
    if (target.generation === 0) return this.#targetMetrics(record);
    const key = target.generation * 4 + position * 2 + (background ? 1 : 0);
    let series = this.#series.get(key);
    if (series === undefined) this.#series.set(key, (series = this.#targetMetrics(record)));
    return series;
  }

  #targetMetrics({ target, position, background }: PluginRecord): TargetMetrics {
    const mode = background ? "degrade" : "enforce";
    const labels = [target.plugin, target.version, POSITION_NAMES[position], mode];
    return new TargetMetrics(labels, this.#calls, this.#durations, this.#failures, this.#policies);
  }
}

/** The series of one generation at one position; those of verdicts that never come are never made. */
class TargetMetrics {
  readonly #labels: readonly string[];
  readonly #calls: LabelledFamily<Counter>;
  readonly #failures: LabelledFamily<Counter>;
  readonly #policies: LabelledFamily<Counter>;
  readonly #duration: Histogram;
  readonly #byVerdict: Partial<Record<Verdict["kind"], Counter>> = {};

  constructor(
    labels: readonly string[],
    calls: LabelledFamily<Counter>,
    durations: LabelledFamily<Histogram>,
    failures: LabelledFamily<Counter>,
    policies: LabelledFamily<Counter>,
  ) {
    this.#labels = labels;
    this.#calls = calls;
    this.#failures = failures;
    this.#policies = policies;
    this.#duration = durations.with(...labels);
  }

  count({ verdict, policy, micros }: PluginRecord): void {
    const { kind } = verdict;
    (this.#byVerdict[kind] ??= this.#calls.with(...this.#labels, kind)).add();
    this.#duration.observe(micros / 1e6);
    if (kind === "failed") this.#failures.with(...this.#labels, verdict.cause).add();
    if (policy !== undefined) this.#policies.with(...this.#labels, policy).add();
  }
}
