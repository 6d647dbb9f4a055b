import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { CurrentChain } from "../../sidecar/chain/current-chain.ts";
import { SILENT_OBSERVER } from "./silent-observer.ts";
import { SnapshotApplier } from "../../sidecar/config/apply.ts";
import type { PluginPackage } from "../../core/packages/plugin-package.ts";
import { DeliveredPackages } from "../../sidecar/workers/delivered-packages.ts";
import { Participant } from "../../sidecar/workers/participant.ts";
import type { Answer, Ask } from "../../sidecar/workers/questions.ts";
import { SharedApplier, type ConfiguredWorker } from "../../sidecar/workers/shared-applier.ts";
import { WorkerError } from "../../sidecar/workers/worker-link.ts";
import { ScriptedPackages, ScriptedRegistry } from "./scripted-plugins.ts";

/** A worker without its process: a real chain, and a registry that a test scripts. */
export class LocalWorker implements ConfiguredWorker {
  readonly number: number;
  readonly registry = new ScriptedRegistry();
  readonly chain = new CurrentChain({ clock: new ManualClock(), observer: SILENT_OBSERVER });
  /** What it was asked, in order. */
  readonly asked: string[] = [];
  /** It ends when this is asked next. */
  endsAt: "prepare" | "commit" | undefined;
  onEnd: (() => void) | undefined;
  killed = false;
  readonly #participant: Participant;

  constructor(number: number, environment: Readonly<Record<string, string>> = {}) {
    this.number = number;
    const packages = new DeliveredPackages();
    const { registry, chain } = this;
    const applier = new SnapshotApplier({ packages, registry, chain, services: () => {}, environment });
    this.#participant = new Participant(applier, packages);
  }

  async ask<Name extends "prepare" | "commit">(name: Name, ask: Ask<Name>): Promise<Answer<Name>> {
    this.asked.push(name);
    if (this.endsAt === name) this.onEnd?.();
    if (this.endsAt === name) throw new WorkerError("worker_gone", `worker ${this.number} ended`);
    // What crosses between processes is copied.
    const copy = structuredClone(ask);
    const answer =
      "snapshot" in copy
        ? await this.#participant.prepare(copy)
        : this.#participant.commit(new Map(copy.withheld));
    return structuredClone(answer) as Answer<Name>;
  }

  kill(): void {
    this.killed = true;
  }

  get tags(): readonly string[] {
    return this.chain.status.map(({ tag }) => tag);
  }

  /** `NAME VERSION OBSTACLE` of each entry of its chain. */
  get serving(): readonly string[] {
    return this.chain.status.map(
      ({ plugin, version, obstacle }) => `${plugin} ${version} ${obstacle ?? "ok"}`,
    );
  }
}

/** Workers that swap together. */
export class SharedWorkers {
  readonly packages: ScriptedPackages;
  readonly applier: SharedApplier;
  readonly workers: LocalWorker[] = [];

  constructor(...packages: readonly PluginPackage[]) {
    this.packages = new ScriptedPackages(...packages);
    this.applier = new SharedApplier(this.packages, createLogger("silent"));
  }

  async join(environment?: Readonly<Record<string, string>>): Promise<LocalWorker> {
    const worker = new LocalWorker(this.workers.length + 1, environment);
    await this.applier.admit(worker);
    this.workers.push(worker);
    return worker;
  }

  /** What each worker's chain is. */
  get serving(): readonly (readonly string[])[] {
    return this.workers.map(({ serving }) => serving);
  }
}
