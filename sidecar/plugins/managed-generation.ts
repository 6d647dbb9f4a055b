import type { Generation } from "../chain/generation.ts";
import type { AskResult, SegmentCall, SegmentRunner } from "../chain/runner.ts";
import { POSITION_NAMES, type FailureCause, type Position } from "../chain/verdict.ts";
import type { GenerationSpec } from "./generation-registry.ts";
import type { PluginInstance } from "./plugin-runtime.ts";

/** What the registry wants to hear of its generations. */
export interface GenerationHolder {
  /** No chain in force names it any more; exchanges that began with one may still use it. */
  retired(generation: ManagedGeneration): void;
  /** The last chain that held it let it go. */
  abandoned(generation: ManagedGeneration): void;
}

/** A generation as the chain sees it, of whatever runtime: an instance, and who holds it. */
export class ManagedGeneration implements Generation {
  readonly plugin: string;
  readonly version: string;
  readonly digest: string;
  readonly generation: number;
  readonly positions: readonly Position[];
  readonly runner: SegmentRunner;
  readonly spec: GenerationSpec;
  readonly #instance: PluginInstance;
  readonly #holder: GenerationHolder;
  #references = 0;
  /** Chains that are not superseded. */
  #inForce = 0;
  #expired = false;

  constructor(generation: number, spec: GenerationSpec, instance: PluginInstance, holder: GenerationHolder) {
    const { manifest, digest } = spec.package;
    this.plugin = manifest.name;
    this.version = manifest.version;
    this.digest = digest;
    this.generation = generation;
    this.positions = manifest.positions.map((name) => POSITION_NAMES.indexOf(name) as Position);
    this.runner = instance.runner;
    this.spec = spec;
    this.#instance = instance;
    this.#holder = holder;
  }

  get fault(): FailureCause | undefined {
    return this.#expired ? "not_loaded" : this.#instance.fault;
  }

  get faultDetail(): string | undefined {
    return this.#instance.faultDetail;
  }

  get expired(): boolean {
    return this.#expired;
  }

  /** A chain that is in force, or about to be, names it. */
  get inForce(): boolean {
    return this.#inForce > 0;
  }

  get references(): number {
    return this.#references;
  }

  probe(call: SegmentCall, done: (result: AskResult) => void): void {
    this.#instance.probe(call, done);
  }

  acquire(): void {
    this.#references++;
    this.#inForce++;
  }

  retire(): void {
    this.#inForce--;
    if (this.#inForce === 0) this.#holder.retired(this);
  }

  release(): void {
    this.#references--;
    if (this.#references === 0) this.#holder.abandoned(this);
  }

  /** From now on nobody may use it; resolves when nothing of it is left. Once. */
  expire(): Promise<void> {
    this.#expired = true;
    return this.#instance.unload();
  }
}
