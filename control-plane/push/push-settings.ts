/** Milliseconds, where nothing else is said. The control plane tells nodes its intervals; the limits are its own. */
export interface PushSettings {
  readonly heartbeat: number;
  readonly scan: number;
  readonly avoid: number;
  readonly inventory: number;
  /** Ceiling of the random delay before a node's first scan and inventory. */
  readonly jitter: number;
  /** `lazy`: nodes report what changed; `full`: everything, each time. */
  readonly mode: "lazy" | "full";
  /** How long a node may take to answer a resource before it counts as STALE. */
  readonly answerTimeout: number;
  /** How long a node may take for its Hello. */
  readonly helloTimeout: number;
  /** Nodes that may be connecting at once. */
  readonly connecting: number;
  /** Of the pings that tell whether a connection lives: how often, and how long an answer may take. */
  readonly keepalive: { readonly time: number; readonly timeout: number };
}

export const PUSH_DEFAULTS: PushSettings = {
  heartbeat: 10_000,
  scan: 60_000,
  avoid: 60_000,
  inventory: 86_400_000,
  jitter: 60_000,
  mode: "lazy",
  answerTimeout: 30_000,
  helloTimeout: 10_000,
  connecting: 200,
  keepalive: { time: 20_000, timeout: 10_000 },
};
