import { createHash } from "node:crypto";

import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { GenerationRegistry, GenerationSpec, Prepared } from "./generation-registry.ts";
import { hideSecrets } from "./hidden-secrets.ts";
import { ManagedGeneration, type GenerationHolder } from "./managed-generation.ts";
import type { PluginRuntimeName } from "../../core/packages/manifest.ts";
import type { LoadFailure, LoadOutcome, PluginRuntime } from "./plugin-runtime.ts";
import { statusOfGeneration, statusOfSpec, type PluginStatus } from "./plugin-status.ts";

export interface RegistryOptions {
  /** At most one of each name; disposed of with the registry. */
  readonly runtimes: readonly PluginRuntime[];
  readonly clock: Clock;
  readonly log: Logger;
  /** ms for which an old generation, or one that no chain took, is kept. Default 30 s. */
  readonly generationDrain?: number | undefined;
}

/** Numbers since the beginning, for metrics. */
export interface RegistryCounts {
  /** Generations that were brought up, and those of them that are gone. */
  loaded: number;
  unloaded: number;
  /** Specs that could not be brought up. */
  failed: number;
}

/** Old generations of one plugin that may be in use beside the current one. */
const MAX_OLD = 2;
const GENERATION_DRAIN = 30_000;
/** ms that `destroy` hooks have when everything ends. */
const FAREWELL = 3_000;

/** All generations of this process, whichever runtime they run in. See `GenerationRegistry`. */
export class Registry implements GenerationRegistry, GenerationHolder {
  readonly counts: RegistryCounts = { loaded: 0, unloaded: 0, failed: 0 };
  readonly #runtimes: ReadonlyMap<PluginRuntimeName, PluginRuntime>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #drain: number;
  /** By spec; what is being brought up is asked for once. */
  readonly #loading = new Map<string, { readonly spec: GenerationSpec; readonly done: Promise<Prepared> }>();
  /** By spec; in the order of their numbers. */
  readonly #loaded = new Map<string, ManagedGeneration>();
  /** By plugin and version: specs of the last `prepare` that could not be brought up. */
  readonly #failures = new Map<string, PluginStatus>();
  readonly #unloading = new Set<Promise<void>>();
  #lastGeneration = 0;
  #disposed = false;

  constructor({ runtimes, clock, log, generationDrain = GENERATION_DRAIN }: RegistryOptions) {
    this.#runtimes = new Map(runtimes.map((runtime) => [runtime.name, runtime]));
    this.#clock = clock;
    this.#log = log;
    this.#drain = generationDrain;
  }

  async prepare(specs: readonly GenerationSpec[]): Promise<ReadonlyMap<GenerationSpec, Prepared>> {
    const wanted = new Set(specs.map(failureKey));
    for (const key of this.#failures.keys()) if (!wanted.has(key)) this.#failures.delete(key);
    return new Map(
      await Promise.all(specs.map(async (spec) => [spec, await this.#prepareOne(spec)] as const)),
    );
  }

  /** Every generation there is, and what was last tried in vain. */
  get status(): readonly PluginStatus[] {
    const loading = Array.from(this.#loading.values(), ({ spec }) => statusOfSpec(spec, "LOADING"));
    const loaded = Array.from(this.#loaded.values(), statusOfGeneration);
    return [...loaded, ...loading, ...this.#failures.values()];
  }

  /** A person's word that a quarantined plugin may be tried again. False: nothing is held against it. */
  async releaseQuarantine(plugin: string): Promise<boolean> {
    let released = false;
    for (const runtime of this.#runtimes.values())
      if (await runtime.releaseQuarantine?.(plugin)) released = true;
    return released;
  }

  /** Ends all generations, `destroy` included, and then the runtimes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all(Array.from(this.#loading.values(), ({ done }) => done));
    for (const generation of this.#loaded.values()) this.#expire(generation);
    const overdue = Promise.withResolvers<void>();
    using _ = this.#clock.after(FAREWELL, () => overdue.resolve());
    await Promise.race([Promise.all(this.#unloading), overdue.promise]);
    await Promise.all(Array.from(this.#runtimes.values(), (runtime) => runtime[Symbol.asyncDispose]()));
  }

  retired(generation: ManagedGeneration): void {
    if (generation.expired) return;
    this.#expireUnless(generation, () => generation.inForce);
    const old = [...this.#loaded.values()].filter(
      (each) => each.plugin === generation.plugin && !each.inForce && each.references > 0,
    );
    for (const each of old.slice(0, Math.max(0, old.length - MAX_OLD))) this.#expire(each);
  }

  abandoned(generation: ManagedGeneration): void {
    this.#expire(generation);
  }

  #prepareOne(spec: GenerationSpec): Promise<Prepared> {
    const key = keyOf(spec);
    const loaded = this.#loaded.get(key);
    if (loaded !== undefined) {
      this.#failures.delete(failureKey(spec));
      return Promise.resolve({ kind: "ready", generation: loaded });
    }
    const loading = this.#loading.get(key);
    if (loading !== undefined) return loading.done;
    const done = this.#bringUp(key, spec);
    this.#loading.set(key, { spec, done });
    return done;
  }

  async #bringUp(key: string, spec: GenerationSpec): Promise<Prepared> {
    const number = ++this.#lastGeneration;
    const outcome = await this.#load(spec, number);
    this.#loading.delete(key);
    if (outcome.kind === "failed") return this.#fail(spec, outcome);
    const generation = new ManagedGeneration(number, spec, outcome.instance, this);
    this.counts.loaded++;
    this.#failures.delete(failureKey(spec));
    this.#loaded.set(key, generation);
    // Prepared for a configuration that was not applied after all.
    this.#expireUnless(generation, () => generation.references > 0);
    const { plugin, version, digest } = generation;
    this.#log.info({ plugin, version, digest, generation: number }, "a plugin is loaded");
    return { kind: "ready", generation };
  }

  async #load(spec: GenerationSpec, number: number): Promise<LoadOutcome> {
    const { runtime: name } = spec.package.manifest;
    const runtime = this.#runtimes.get(name);
    if (this.#disposed) return failure("the sidecar is stopping");
    if (runtime === undefined) return failure(`runtime '${name}' is not there in this sidecar`);
    try {
      return await runtime.load(spec, number);
    } catch (thrown) {
      return failure(messageOf(thrown));
    }
  }

  #fail(spec: GenerationSpec, { cause, detail: said }: LoadFailure): Prepared {
    this.counts.failed++;
    const detail = hideSecrets(said, spec.secrets);
    const { name, version } = spec.package.manifest;
    const state = cause === "quarantined" ? "QUARANTINED" : "FAILED";
    this.#failures.set(failureKey(spec), statusOfSpec(spec, state, detail));
    this.#log.error(
      { plugin: name, version, digest: spec.package.digest, cause, detail },
      "a plugin was not loaded",
    );
    return { kind: "failed", cause, detail };
  }

  #expireUnless(generation: ManagedGeneration, inUse: () => boolean): void {
    this.#clock.after(this.#drain, () => inUse() || this.#expire(generation)).unref();
  }

  #expire(generation: ManagedGeneration): void {
    if (generation.expired) return;
    this.#loaded.delete(keyOf(generation.spec));
    const unloading = this.#unload(generation);
    this.#unloading.add(unloading);
    void unloading.then(() => this.#unloading.delete(unloading));
  }

  async #unload(generation: ManagedGeneration): Promise<void> {
    await generation.expire();
    this.counts.unloaded++;
    const { plugin, version, digest, generation: number } = generation;
    this.#log.info({ plugin, version, digest, generation: number }, "a plugin is unloaded");
  }
}

/** What makes a generation what it is. The configuration may hold secrets: only its digest is kept. */
function keyOf({ package: { manifest, digest }, config, tag, timeout, cpu, memory }: GenerationSpec): string {
  const rest = JSON.stringify([manifest.name, tag, timeout, cpu, memory, config]);
  return `${digest}:${createHash("sha256").update(rest).digest("hex")}`;
}

function failureKey({ package: { manifest } }: GenerationSpec): string {
  return `${manifest.name}@${manifest.version}`;
}

function failure(detail: string): LoadFailure {
  return { kind: "failed", cause: "not_loaded", detail };
}
