import type { Revised } from "./revised.ts";

/**
 * The chain of a cluster as ops wrote it, in the shape of `chain:` in a configuration file but without versions: which
 * version an entry runs is the releases' to say.
 */
export interface ClusterChain extends Revised {
  readonly cluster: string;
  readonly entries: readonly ClusterChainEntry[];
  /** How long all of it may take at each position, ms. */
  readonly deadlines: { readonly request: number; readonly response: number };
}

/** One entry; secrets in `config` are references (`fromEnv`, `fromFile`). Checked by core/chain-document. */
export interface ClusterChainEntry {
  readonly plugin: string;
  readonly mode: "enforce" | "degrade" | "off";
  readonly tag: string;
  readonly config: unknown;
  /** As written, e.g. `{path: {prefix: /private}}`; undefined: every request. */
  readonly match: unknown;
  readonly failurePolicy: "open" | "closed" | undefined;
  /** As written, e.g. `50ms`; undefined: the manifest's. */
  readonly timeout: string | undefined;
  readonly cpu: string | undefined;
  /** As written, e.g. `32MiB`. */
  readonly memory: string | undefined;
}
