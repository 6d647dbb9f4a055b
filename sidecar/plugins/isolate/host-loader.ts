import { Backoff } from "../../../core/backoff.ts";
import type { Clock, Timer } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import type { Load } from "../../plugin-host/protocol/messages.ts";
import { blamed, describeExit } from "./host-exit.ts";
import type { HostPair } from "./host-pair.ts";
import { HOOK_TIMEOUT, type IsolateInstance } from "./isolate-instance.ts";
import type { HookOutcome, PluginHost } from "./plugin-host.ts";

export type BringUp =
  | { readonly kind: "up" }
  /** It said itself why not, or there was no host. */
  | { readonly kind: "failed"; readonly cause: FailureCause; readonly detail: string }
  /** It brought the host down. */
  | { readonly kind: "fatal"; readonly how: string };

/** ms to wait for a host to load into; one that has to be started first takes well under a second. */
const HOST_TIMEOUT = 20_000;
/** Hosts that may end, or be cut off by a busy machine, under one load through no fault of its own. */
const MAX_TRIES = 5;
const REPAIR = { first: 1_000, ceiling: 60_000 } as const;
const NO_HOST: BringUp = { kind: "failed", cause: "host_gone", detail: "no plugin host came up" };

/** Brings generations into the hosts and out of them: the standby first, where no traffic notices if it dies of it. */
export class HostLoader implements Disposable {
  readonly #pair: HostPair;
  readonly #frameOf: (instance: IsolateInstance) => Load;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Those that every host must be able to ask. */
  readonly #roster = new Set<IsolateInstance>();
  readonly #backoff = new Backoff(REPAIR);
  #repair: Timer | undefined;
  #loaded = 0;
  #unloaded = 0;

  constructor(pair: HostPair, frameOf: (instance: IsolateInstance) => Load, clock: Clock, log: Logger) {
    this.#pair = pair;
    this.#frameOf = frameOf;
    this.#clock = clock;
    this.#log = log;
  }

  /** Generations brought up and taken down since the beginning; for metrics. */
  get counts(): { readonly loaded: number; readonly unloaded: number } {
    return { loaded: this.#loaded, unloaded: this.#unloaded };
  }

  /** Into the standby, then into the active host, and from then on into every host. */
  async bringUp(instance: IsolateInstance): Promise<BringUp> {
    const validated = await this.#loadIn("standby", instance);
    if (validated.kind !== "up") return validated;
    this.#roster.add(instance);
    this.#loaded++;
    const loaded = await this.#loadIn("active", instance);
    if (loaded.kind !== "up") await this.withdraw(instance, loaded.kind === "fatal");
    return loaded;
  }

  /** Out of all hosts; the standby first again, so that a `destroy` that is a bomb goes off there. */
  async withdraw(instance: IsolateInstance, abandon: boolean): Promise<void> {
    const wasUp = this.#roster.delete(instance);
    let fatal = abandon;
    const { active, load } = { active: this.#pair.active, load: instance.load };
    const inOrder = this.#pair.hosts.toSorted((a, b) => Number(a === active) - Number(b === active));
    for (const host of inOrder) {
      const outcome = await host.unload(load, HOOK_TIMEOUT, fatal);
      if (outcome.kind === "ended" && blamed(outcome.exit) === load) fatal = true;
      if (outcome.kind === "failed") this.#report(instance, host, "destroy failed", outcome);
    }
    if (wasUp) this.#unloaded++;
  }

  /** At once and without waiting: what brought one host down is not to bring down the next. */
  abandon(instance: IsolateInstance): void {
    this.#roster.delete(instance);
    for (const host of this.#pair.hosts) void host.unload(instance.load, HOOK_TIMEOUT, true);
  }

  /** Everybody of the roster into a new host; false: it ended. Whoever fails is tried again later. */
  async warm(host: PluginHost): Promise<boolean> {
    const tried = new Set<IsolateInstance>();
    for (;;) {
      const missing = [...this.#roster].filter((each) => !tried.has(each) && !host.loads.has(each.load));
      if (missing.length === 0) return true;
      for (const instance of missing) tried.add(instance);
      const outcomes = await Promise.all(missing.map((instance) => this.#loadInto(host, instance)));
      if (outcomes.some(({ kind }) => kind === "ended")) return false;
    }
  }

  [Symbol.dispose](): void {
    this.#repair?.[Symbol.dispose]();
    this.#roster.clear();
  }

  async #loadIn(role: "active" | "standby", instance: IsolateInstance): Promise<BringUp> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const host = await this.#pair.inRole(role, HOST_TIMEOUT);
      if (host === undefined) return NO_HOST;
      const outcome = await host.load(this.#frameOf(instance));
      if (outcome.kind === "done") return { kind: "up" };
      if (outcome.kind === "failed") {
        if (isCutOff(outcome) && tries + 1 < MAX_TRIES) continue;
        return { kind: "failed", ...outcome.failure };
      }
      if (blamed(outcome.exit) === instance.load) return { kind: "fatal", how: describeExit(outcome.exit) };
    }
    return NO_HOST;
  }

  async #loadInto(host: PluginHost, instance: IsolateInstance): Promise<HookOutcome> {
    let outcome = await host.load(this.#frameOf(instance));
    for (let tries = 1; tries < MAX_TRIES && isCutOff(outcome); tries++)
      outcome = await host.load(this.#frameOf(instance));
    if (outcome.kind === "failed") {
      this.#report(instance, host, "a new plugin host could not load a plugin", outcome);
      this.#repair ??= this.#clock.after(this.#backoff.next(), () => void this.#repairAll()).unref();
    }
    return outcome;
  }

  async #repairAll(): Promise<void> {
    this.#repair = undefined;
    await Promise.all(this.#pair.hosts.map((host) => this.warm(host)));
    if (this.#repair === undefined) this.#backoff.reset();
  }

  #report(
    { plugin, spec, generation }: IsolateInstance,
    { pid }: PluginHost,
    what: string,
    { failure }: { readonly failure: { readonly cause: FailureCause; readonly detail: string } },
  ): void {
    const { version } = spec.package.manifest;
    this.#log.warn({ plugin, version, generation, pid, ...failure }, what);
  }
}

/** The machine was busy, and the plugin may be well. */
function isCutOff(outcome: HookOutcome): boolean {
  return outcome.kind === "failed" && outcome.failure.cause === "host_busy";
}
