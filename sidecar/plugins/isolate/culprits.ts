import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { SegmentCall } from "../../chain/runner.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import type { Load } from "../../plugin-host/protocol/messages.ts";
import type { BringUp, HostLoader } from "./host-loader.ts";
import type { IsolateInstance } from "./isolate-instance.ts";
import type { IsolateInstances } from "./isolate-instances.ts";
import type { Quarantine } from "./quarantine.ts";
import type { SecondChance } from "./second-chance.ts";

export interface CulpritsOptions {
  readonly instances: IsolateInstances;
  readonly quarantine: Quarantine;
  readonly loader: HostLoader;
  readonly chance: SecondChance;
  readonly frameOf: (instance: IsolateInstance) => Load;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Up, or why not; what brought a host down twice is quarantined. */
export type Judged =
  | { readonly kind: "up" }
  | { readonly kind: "failed"; readonly cause: FailureCause; readonly detail: string };

/** A bomb in a timer goes off so long after the load as it did before, and a bit; ms. */
const WATCH_MARGIN = 500;
const LONGEST_WATCH = 10_000;

/**
 * What becomes of a generation that brings a host down: suspended at once, tried once more on a scratch host with the
 * questions that may have killed it, brought back if it passes, quarantined otherwise or the second time.
 */
export class Culprits {
  readonly #options: CulpritsOptions;

  constructor(options: CulpritsOptions) {
    this.#options = options;
  }

  /** Brings a new generation up; a host that dies of it counts as its first offence. */
  async bringUp(instance: IsolateInstance): Promise<Judged> {
    const { loader, clock } = this.#options;
    for (;;) {
      const brought: BringUp = await loader.bringUp(instance);
      if (brought.kind === "up") {
        instance.state = { kind: "running", since: clock.now() };
        return brought;
      }
      if (brought.kind === "failed") return brought;
      const detail = `it brought down a plugin host while it was loaded: ${brought.how}`;
      const rejected = await this.#tryAgain(instance, detail, [], 0);
      if (rejected !== undefined) return rejected;
    }
  }

  /** A host of the pair died of it. One that is being brought up is dealt with there. */
  accuse(instance: IsolateInstance, how: string, questions: readonly SegmentCall[]): void {
    const { state } = instance;
    const { loader, clock, log } = this.#options;
    // On its way out, it waits for its last runs: not in a host that takes over.
    if (state.kind === "unloaded") return loader.abandon(instance);
    if (state.kind !== "running") return;
    const detail = `it brought down a plugin host: ${how}`;
    instance.state = { kind: "suspended", detail };
    loader.abandon(instance);
    log.error({ ...namesOf(instance), detail }, "a plugin is suspended");
    const lived = clock.now() - state.since;
    const watch = questions.length > 0 ? 0 : Math.min(LONGEST_WATCH, lived + WATCH_MARGIN);
    void this.#readmit(instance, detail, questions, watch);
  }

  /** Its isolate is gone, and no host with it: it is made anew, after waits that grow while it keeps happening. */
  lost(instance: IsolateInstance, how: string): void {
    if (instance.state.kind !== "running") return;
    const { loader, log } = this.#options;
    const detail = `its isolate is gone: ${how}`;
    instance.state = { kind: "suspended", detail };
    loader.abandon(instance);
    log.error({ ...namesOf(instance), detail }, "a plugin is suspended");
    this.#backLater(instance);
  }

  /** A person's word: what was held against the plugin is forgotten, and generations that wait are brought up. */
  async release(plugin: string): Promise<boolean> {
    const { quarantine, instances } = this.#options;
    const found = quarantine.release(plugin);
    const waiting = [...instances.byGeneration.values()].filter(
      (instance) => instance.plugin === plugin && instance.state.kind === "quarantined",
    );
    for (const instance of waiting) {
      instance.retried = false;
      instance.state = { kind: "suspended", detail: "released from quarantine" };
    }
    await Promise.all(waiting.map((instance) => this.#back(instance)));
    return found;
  }

  async #readmit(
    instance: IsolateInstance,
    detail: string,
    questions: readonly SegmentCall[],
    watch: number,
  ): Promise<void> {
    if ((await this.#tryAgain(instance, detail, questions, watch)) === undefined) await this.#back(instance);
  }

  /** Into the hosts again, after a trial or a person's word. */
  async #back(instance: IsolateInstance): Promise<void> {
    const { log, instances } = this.#options;
    if (instance.state.kind !== "suspended") return;
    instances.rename(instance);
    const judged = await this.bringUp(instance);
    if (judged.kind === "up") return log.warn(namesOf(instance), "a plugin that was suspended is back");
    if (instance.state.kind !== "suspended") return;
    instance.state = { kind: "suspended", detail: judged.detail };
    this.#backLater(instance);
  }

  #backLater(instance: IsolateInstance): void {
    this.#options.clock.after(instance.comeback.next(), () => void this.#back(instance)).unref();
  }

  /** Undefined: it passed its trial, and has a new name for the hosts. */
  async #tryAgain(
    instance: IsolateInstance,
    detail: string,
    questions: readonly SegmentCall[],
    watch: number,
  ): Promise<Extract<Judged, { readonly kind: "failed" }> | undefined> {
    const { chance, frameOf, instances } = this.#options;
    if (instance.retried) return this.#condemn(instance, detail);
    instance.retried = true;
    const trial = await chance.give({ load: frameOf(instance), questions, watch });
    if (instance.state.kind === "unloaded") return { kind: "failed", cause: "not_loaded", detail };
    if (trial.kind !== "passed") {
      const more = trial.kind === "failed" ? trial.detail : "it could not be tried again";
      return this.#condemn(instance, `${detail}; ${more}`);
    }
    instances.rename(instance);
    return undefined;
  }

  #condemn(instance: IsolateInstance, detail: string): Extract<Judged, { readonly kind: "failed" }> {
    const { quarantine, clock, log } = this.#options;
    quarantine.add(instance.spec, detail, clock.wall());
    instance.state = { kind: "quarantined", detail };
    log.error(
      { ...namesOf(instance), detail },
      "a plugin is quarantined until its package or a person changes that",
    );
    return { kind: "failed", cause: "crash", detail };
  }
}

function namesOf({ plugin, spec, generation }: IsolateInstance): object {
  return { plugin, version: spec.package.manifest.version, digest: spec.package.digest, generation };
}
