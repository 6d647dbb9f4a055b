import type { Generation } from "../chain/generation.ts";
import type { FailureCause } from "../chain/verdict.ts";
import type { PluginPackage } from "../../core/packages/plugin-package.ts";

/** Everything that makes one generation what it is: same spec, same generation. */
export interface GenerationSpec {
  readonly package: PluginPackage;
  /** Checked against the package's schema; secrets resolved. */
  readonly config: unknown;
  /** Those that were resolved, so that they can be kept out of what is shown. */
  readonly secrets: readonly string[];
  readonly tag: string;
  /** Milliseconds of wall time for one position of one exchange. */
  readonly timeout: number;
  /** Milliseconds on the CPU for one position of one exchange. */
  readonly cpu: number;
  /** Bytes of heap. */
  readonly memory: number;
}

export type Prepared =
  | { readonly kind: "ready"; readonly generation: Generation }
  | { readonly kind: "failed"; readonly cause: FailureCause; readonly detail: string };

/**
 * The generations of this process. `prepare` builds, validates and warms what is new, beside what runs, and swaps
 * nothing: that is the chain's. Each spec succeeds or fails alone; it never rejects.
 */
export interface GenerationRegistry extends AsyncDisposable {
  prepare(specs: readonly GenerationSpec[]): Promise<ReadonlyMap<GenerationSpec, Prepared>>;
}
