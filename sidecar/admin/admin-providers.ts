import type { LogLevel } from "../../core/log.ts";
import type { NotReady } from "./readiness.ts";

/** What a person's word for a plugin came to. */
export type RetryOutcome =
  /** `cause` stood in its way until now; it is being loaded again, and /plugins tells how that goes. */
  | { readonly kind: "retrying"; readonly cause: string }
  | { readonly kind: "unknown_plugin" }
  /** Nothing was held against it, and it is loaded as configured. */
  | { readonly kind: "nothing_to_retry"; readonly state: string };

/** At once, or when the other processes have answered. */
type Awaitable<Value> = Value | Promise<Value>;

/** What the admin server shows and does; the parts that know give it, and none of them knows of this server. */
export interface AdminProviders {
  /** What stands in the way of being ready; empty: ready. */
  notReady(): Awaitable<readonly NotReady[]>;
  /** What is not as it should be though it does not stand in the way; undefined: nothing. */
  readyNote?(): string | undefined;
  /** The exposition of the metrics. */
  metrics(): Awaitable<string>;
  /** The configuration in force, where it comes from, the settings and who decided them. Secrets are masked here. */
  config(): unknown;
  /** Each plugin with version, digest, runtime, state, fault and generations. */
  plugins(): unknown;
  /** Endpoints with their pools and health. */
  clusters(): unknown;
  readonly logging: { get(): LogLevel; set(level: LogLevel): void };
  /** Begins to drain; the process ends afterwards. Further calls do nothing. */
  drain(): void;
  retryPlugin(name: string): Awaitable<RetryOutcome>;
  /** The processes that carry the traffic, where there are several. */
  workers?(): unknown;
}
