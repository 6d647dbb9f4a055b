import { blockWithJson, definePlugin, type PluginRequest, type PluginStore } from "sluice/plugin";

export interface RateLimitConfig {
  readonly requests: number;
  readonly windowSeconds: number;
  /** `address`, or the name of a header. Default `address`. */
  readonly by?: string;
}

/** Longest part of a header's value that tells callers apart: a key of the store is bounded. */
const LONGEST_CALLER = 200;

/**
 * Lets so many requests of one caller pass in each window; the windows of all callers begin at the same moments. The
 * counts are in the key-value store, so they survive a reload and the death of the plugin host. Each node counts for
 * itself.
 */
export default definePlugin<RateLimitConfig>({
  init({ kv }) {
    if (kv === undefined) throw new Error("the manifest must ask for kv");
  },

  execute(request, { config, kv, log }) {
    if (kv === undefined) return;
    const length = config.windowSeconds * 1_000;
    const window = Math.floor(request.bizStartAt / length);
    const ends = (window + 1) * length;
    // The window is in the key: a new one counts from zero, and the time to live only clears up behind it.
    const count = counted(kv, `${window}:${callerOf(request, config.by)}`, length);
    if (count === undefined) return log.warn("more callers than the store can hold: not limited");
    if (count <= config.requests) return;
    const seconds = Math.max(1, Math.ceil((ends - request.bizStartAt) / 1_000));
    return blockWithJson(
      429,
      { error: "too_many_requests", retryAfter: seconds },
      { "Retry-After": seconds },
    );
  },
});

/** Undefined when the store is full: a flood of callers must not look like a broken plugin. */
function counted(kv: PluginStore, key: string, ttl: number): number | undefined {
  try {
    return kv.increment(key, 1, { ttl });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function callerOf(request: PluginRequest, by = "address"): string {
  const caller = by === "address" ? request.remoteIp : (request.headers.get(by) ?? "");
  return caller.slice(0, LONGEST_CALLER);
}
