import type { AskResult, SegmentCall, SegmentRunner } from "../chain/runner.ts";
import type { FailureCause } from "../chain/verdict.ts";
import type { GenerationSpec } from "./generation-registry.ts";
import type { PluginRuntimeName } from "../../core/packages/manifest.ts";

/**
 * One way to run plugins: isolates, processes of their own, remote servers. The registry knows which specs there
 * are, who holds what and what must go; a runtime knows how to bring one generation up and how to ask it.
 */
export interface PluginRuntime extends AsyncDisposable {
  readonly name: PluginRuntimeName;
  /**
   * Builds, validates and warms one generation, beside whatever runs. `generation` is its number in this process: the
   * `AskTarget.generation` by which the runner will be asked. Never rejects. After a failure nothing of it is left.
   */
  load(spec: GenerationSpec, generation: number): Promise<LoadOutcome>;
  /**
   * For runtimes that refuse code which did harm: lets this plugin's be tried again, at once where a generation of it
   * waits. False: nothing was held against it.
   */
  releaseQuarantine?(plugin: string): Promise<boolean>;
  /** Ends everything: no run is answered after it, no process, descriptor or timer is left. */
  [Symbol.asyncDispose](): Promise<void>;
}

export type LoadOutcome = { readonly kind: "loaded"; readonly instance: PluginInstance } | LoadFailure;

/** `detail` is for people: what happened and where, e.g. `init threw: Error: no such table`. */
export interface LoadFailure {
  readonly kind: "failed";
  readonly cause: FailureCause;
  readonly detail: string;
}

/** A generation that a runtime brought up. The registry makes the chain's `Generation` of it. */
export interface PluginInstance {
  /** The same object for all instances that may be asked in one round trip. */
  readonly runner: SegmentRunner;
  /** Why it cannot be asked now; undefined while it can. Read for each exchange, so it must be cheap. */
  readonly fault: FailureCause | undefined;
  /** What there is to say about `fault`, for people; undefined without one. */
  readonly faultDetail: string | undefined;
  /** Runs a real question where it can do no harm to others; nobody waits for the verdict. */
  probe(call: SegmentCall, done: (result: AskResult) => void): void;
  /**
   * Ends it: runs under way may finish first, new ones are answered as `not_loaded`. Resolves when nothing of it is
   * left; never rejects. Called once.
   */
  unload(): Promise<void>;
}
