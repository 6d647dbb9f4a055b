import { Backoff } from "../../core/backoff.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { describeProblem, namedOf, type Problem } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { PackageSource } from "../plugins/packages/package-source.ts";
import type { Applier, AppliedSnapshot, ApplyTrigger } from "./apply.ts";
import type { ApplyResult, PluginLoad } from "./apply-result.ts";
import { restartNotices } from "./restart-notices.ts";
import type { MeshSnapshot } from "./snapshot.ts";

export interface ConfigurationOptions {
  readonly applier: Applier;
  /** Their changes renew what is in force. */
  readonly packages: PackageSource;
  readonly clock: Clock;
  readonly log: Logger;
  /** Hears of every snapshot that was dealt with, and of each that could not even be read; for metrics. */
  readonly onResult?: (kind: "applied" | "unchanged" | "rejected") => void;
}

/** The configuration's state, for admin and metrics. */
export interface ConfigurationStatus {
  readonly inForce: AppliedSnapshot | undefined;
  /** Since what is in force was applied, ms. */
  readonly age: number | undefined;
  /** The last snapshot that somebody wanted was applied, or was in force already. */
  readonly lastApplied: boolean;
  /** What is wrong with it where it was not, as `namedOf` says it. */
  readonly problems: readonly Problem[];
  /** What takes effect only when the sidecar is started anew. */
  readonly notices: readonly string[];
}

interface Waiting {
  readonly snapshot: MeshSnapshot;
  readonly trigger: WantedTrigger;
  readonly resolve: (result: ApplyResult) => void;
}

/** `release`: whoever wants it hears what became of it, and says itself when it is to be tried again. */
type WantedTrigger = Exclude<ApplyTrigger, "packages">;

const RETRY = { first: 1_000, ceiling: 60_000 } as const;

/**
 * The one way by which configuration takes effect, whatever it came from. One snapshot at a time; of those that
 * arrive meanwhile only the newest is tried. When packages change, what is in force is made anew from them, and a
 * snapshot that was refused gets another try. What failed to load is tried again with back-off.
 */
export class Configuration implements AsyncDisposable {
  readonly #options: ConfigurationOptions;
  readonly #applier: Applier;
  readonly #subscription: Disposable;
  readonly #backoff = new Backoff(RETRY);
  #waiting: Waiting | undefined;
  #packagesChanged = false;
  #working: Promise<void> | undefined;
  /** The last one wanted, where it is not in force. */
  #refused: MeshSnapshot | undefined;
  #problems: readonly Problem[] = [];
  #appliedAt = 0;
  #first: MeshSnapshot | undefined;
  #notices: readonly string[] = [];
  #retry: Timer | undefined;
  #closed = false;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
    this.#applier = options.applier;
    this.#subscription = options.packages.onChange(() => this.retry());
  }

  get status(): ConfigurationStatus {
    const { inForce } = this.#applier;
    return {
      inForce,
      age: inForce === undefined ? undefined : this.#options.clock.now() - this.#appliedAt,
      lastApplied: inForce !== undefined && this.#problems.length === 0,
      problems: namedOf(this.#problems),
      notices: this.#notices,
    };
  }

  /** Resolves when it was dealt with or a newer one took its place. */
  apply(snapshot: MeshSnapshot, trigger: WantedTrigger = "snapshot"): Promise<ApplyResult> {
    this.#waiting?.resolve({ kind: "superseded" });
    const { promise, resolve } = Promise.withResolvers<ApplyResult>();
    this.#waiting = { snapshot, trigger, resolve };
    this.#work();
    return promise;
  }

  /** Whoever brings snapshots could not make one of what it got: the last good one goes on. */
  refuse(problems: readonly Problem[]): void {
    this.#refused = undefined;
    this.#reject(problems);
  }

  /** Tries at once what could not be loaded, and a snapshot that was refused: something may be different now. */
  retry(): void {
    this.#backoff.reset();
    this.#renewSoon();
  }

  /** Resolves when nothing is waiting or under way. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#subscription[Symbol.dispose]();
    this.#retry?.[Symbol.dispose]();
    this.#waiting?.resolve({ kind: "superseded" });
    this.#waiting = undefined;
    await this.idle();
  }

  #renewSoon(): void {
    this.#packagesChanged = true;
    this.#work();
  }

  #work(): void {
    if (this.#working !== undefined || this.#closed) return;
    this.#working = Promise.resolve().then(() => this.#rounds());
  }

  async #rounds(): Promise<void> {
    while (!this.#closed && (this.#waiting !== undefined || this.#packagesChanged)) {
      const waiting = this.#waiting;
      const packagesChanged = this.#packagesChanged;
      this.#waiting = undefined;
      this.#packagesChanged = false;
      const wanted = waiting?.snapshot ?? this.#refused;
      const result =
        wanted === undefined ? undefined : await this.#try(wanted, waiting?.trigger ?? "snapshot");
      if (result !== undefined) waiting?.resolve(result);
      if (packagesChanged && (result === undefined || result.kind === "rejected")) await this.#renew();
      this.#scheduleRetry();
    }
    // In the same turn as the last look at what waits: whoever comes later starts anew.
    this.#working = undefined;
  }

  async #try(snapshot: MeshSnapshot, trigger: WantedTrigger): Promise<ApplyResult> {
    const before = this.#applier.inForce;
    const result = await this.#applier.apply(snapshot, trigger);
    if (result.kind === "rejected") {
      this.#refused = trigger === "release" ? undefined : snapshot;
      this.#reject(result.problems);
      return result;
    }
    this.#refused = undefined;
    this.#problems = [];
    this.#first ??= snapshot;
    this.#notices = restartNotices(this.#first, snapshot);
    for (const notice of this.#notices) this.#options.log.warn({ config: snapshot.where }, notice);
    if (result.kind === "applied") this.#applied(before);
    if (result.kind !== "superseded") this.#options.onResult?.(result.kind);
    return result;
  }

  /** Makes what is in force anew from the packages of this moment. */
  async #renew(): Promise<void> {
    const before = this.#applier.inForce;
    if (before === undefined) return;
    const result = await this.#applier.apply(before.snapshot, "packages");
    if (result.kind === "applied") this.#applied(before);
  }

  #applied(before: AppliedSnapshot | undefined): void {
    this.#appliedAt = this.#options.clock.now();
    const { inForce } = this.#applier;
    if (inForce === undefined) return;
    const { snapshot, hashes, loads } = inForce;
    if (JSON.stringify(before?.loads) === JSON.stringify(loads) && before?.hashes.chain === hashes.chain)
      return;
    this.#options.log.info({ config: snapshot.where, hashes, plugins: loads }, "configuration applied");
    for (const { plugin, state, detail } of loads) {
      if (detail === undefined) continue;
      const consequence = state === "kept" ? "the generation before goes on" : "its failure policy answers";
      this.#options.log.error({ plugin, detail }, `plugin not loaded as configured: ${consequence}`);
    }
  }

  #reject(problems: readonly Problem[]): void {
    const isNews = JSON.stringify(problems) !== JSON.stringify(this.#problems);
    this.#problems = problems;
    this.#options.onResult?.("rejected");
    if (isNews)
      this.#options.log.error(
        { problems: namedOf(problems).map(describeProblem) },
        "configuration refused: nothing changes",
      );
  }

  /** What failed for a reason that may pass, an `init` that needs another service for instance, is tried again. */
  #scheduleRetry(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    // Out of quarantine only a person lets it, or another package.
    const mayPass = ({ cause }: PluginLoad): boolean => cause !== undefined && cause !== "quarantined";
    if (this.#applier.inForce?.loads.some(mayPass) !== true) this.#backoff.reset();
    else if (!this.#closed)
      this.#retry = this.#options.clock.after(this.#backoff.next(), () => this.#renewSoon()).unref();
  }
}
