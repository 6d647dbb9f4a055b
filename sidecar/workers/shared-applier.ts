import type { Logger } from "../../core/log.ts";
import { partKey, type ApplyResult, type PluginLoad } from "../config/apply-result.ts";
import type { AppliedSnapshot, Applier, ApplyTrigger } from "../config/apply.ts";
import { unreleasable } from "../config/release-rule.ts";
import { hashesOf } from "../config/snapshot-hashes.ts";
import type { MeshSnapshot } from "../config/snapshot.ts";
import type { PackageSource } from "../plugins/packages/package-source.ts";
import { packageList } from "./delivered-packages.ts";
import { InForce, type ConfigStep } from "./in-force.ts";
import type { Answer, Ask, PrepareOrder } from "./questions.ts";
import { countVotes, type Vote } from "./votes.ts";
import { WorkerError } from "./worker-link.ts";

/** A worker as the configuration sees it. */
export interface ConfiguredWorker {
  readonly number: number;
  /** Rejects with a `WorkerError`. */
  ask<Name extends "prepare" | "commit">(name: Name, ask: Ask<Name>): Promise<Answer<Name>>;
  /** Ends it at once; it is replaced. */
  kill(): void;
}

/** How often it is tried with those that are left when a worker ends while it prepares. */
const TRIES = 3;

/**
 * Makes configurations take effect in all workers at once: all prepare, and only when all have, all commit. What
 * refuses it in one refuses it in all, and a plugin that one could not load is withheld from all. A worker that ends
 * meanwhile has no say: the one in its place gets what is in force before it listens.
 */
export class SharedApplier implements Applier {
  readonly #packages: PackageSource;
  readonly #log: Logger;
  readonly #loads = new Map<ConfiguredWorker, readonly PluginLoad[]>();
  #inForce: InForce | undefined;
  /** One at a time: a worker that comes must not miss a swap. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(packages: PackageSource, log: Logger) {
    this.#packages = packages;
    this.#log = log;
  }

  get inForce(): AppliedSnapshot | undefined {
    const snapshot = this.#inForce?.snapshot;
    if (snapshot === undefined) return undefined;
    return { snapshot, hashes: hashesOf(snapshot), loads: this.#worstLoads() };
  }

  async apply(snapshot: MeshSnapshot, trigger: ApplyTrigger): Promise<ApplyResult> {
    return this.#exclusively(() => this.#apply(snapshot, trigger));
  }

  /** Gives a new worker what is in force; from then on it takes part. Rejects with a `WorkerError`. */
  async admit(worker: ConfiguredWorker): Promise<void> {
    await this.#exclusively(async () => {
      let loads: readonly PluginLoad[] = [];
      for (const { snapshot, packages, withheld } of this.#inForce?.steps ?? []) {
        // Not as somebody's wish that could be refused: it is in force, and each plugin loads or fails alone.
        await worker.ask("prepare", { snapshot, packages, trigger: "packages" });
        ({ loads } = await worker.ask("commit", { withheld: [...withheld] }));
      }
      this.#loads.set(worker, loads);
    });
  }

  /** It has ended. */
  dismiss(worker: ConfiguredWorker): void {
    this.#loads.delete(worker);
  }

  async #apply(snapshot: MeshSnapshot, trigger: ApplyTrigger): Promise<ApplyResult> {
    const hashes = hashesOf(snapshot);
    for (let attempt = 1; ; attempt++) {
      const named = new Set(snapshot.chain.map(({ plugin }) => plugin));
      const packages = packageList(this.#packages, named);
      const workers = [...this.#loads.keys()];
      const votes = await Promise.all(
        workers.map((worker) => prepare(worker, { snapshot, trigger, packages })),
      );
      const outcome = countVotes(votes, snapshot.where);
      if (outcome.kind === "lost" && attempt < TRIES) continue;
      if (outcome.kind !== "prepared") return { kind: "rejected", hashes, problems: outcome.problems };
      const problems = trigger === "release" ? unreleasable(snapshot, outcome.withheld, this.inForce) : [];
      if (problems.length > 0) return { kind: "rejected", hashes, problems };
      const kind = await this.#commit({ snapshot, packages, withheld: outcome.withheld }, workers);
      return { kind, hashes };
    }
  }

  /** There is no way back from here: who does not follow is ended, and replaced by one that does. */
  async #commit(step: ConfigStep, workers: readonly ConfiguredWorker[]): Promise<"applied" | "unchanged"> {
    const withheld = [...step.withheld];
    const before = this.#inForce;
    const results = await Promise.all(
      workers.map(async (worker) => {
        try {
          const { result, loads } = await worker.ask("commit", { withheld });
          if (this.#loads.has(worker)) this.#loads.set(worker, loads);
          return result;
        } catch (thrown) {
          if (!(thrown instanceof WorkerError)) throw thrown;
          this.#log.error(
            { worker: worker.number, detail: thrown.message },
            "a worker did not swap: it is ended",
          );
          worker.kill();
          return "unchanged";
        }
      }),
    );
    this.#inForce = InForce.after(before, step, this.#worstLoads());
    return results.includes("applied") ? "applied" : "unchanged";
  }

  /** Of each version of each plugin what is worst among the workers: where one falls short, there is something to do. */
  #worstLoads(): readonly PluginLoad[] {
    const worst = new Map<string, PluginLoad>();
    for (const loads of this.#loads.values()) {
      for (const load of loads) {
        const key = partKey(load.plugin, load.part);
        const known = worst.get(key);
        if (known === undefined || (known.detail === undefined && load.detail !== undefined))
          worst.set(key, load);
      }
    }
    return [...worst.values()];
  }

  async #exclusively<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => {});
    return result;
  }
}

async function prepare(worker: ConfiguredWorker, order: PrepareOrder): Promise<Vote> {
  try {
    return { worker: worker.number, answer: await worker.ask("prepare", order) };
  } catch (thrown) {
    if (!(thrown instanceof WorkerError)) throw thrown;
    return { worker: worker.number, error: thrown };
  }
}
