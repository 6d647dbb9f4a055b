import type { FailurePolicy } from "../failure-policy.ts";
import type { PositionName } from "../position.ts";

export const PLUGIN_RUNTIMES = ["isolate", "process", "remote"] as const;
export type PluginRuntimeName = (typeof PLUGIN_RUNTIMES)[number];

/** plugin.yaml, checked; durations in ms, sizes in bytes. */
export interface PluginManifest {
  readonly name: string;
  readonly version: string;
  readonly runtime: PluginRuntimeName;
  /** isolate: the script; process: empty (bin/start.sh); remote: empty. Relative to the package. */
  readonly entry: string;
  /** remote: `host:port` or `unix:/path`. */
  readonly address: string | undefined;
  readonly positions: readonly PositionName[];
  readonly failurePolicy: FailurePolicy;
  readonly timeout: number;
  readonly cpu: number;
  readonly memory: number;
  readonly permissions: { readonly fetch: readonly string[]; readonly kv: boolean };
  /** process: `linux/amd64`, …; empty: any. */
  readonly platforms: readonly string[];
}
