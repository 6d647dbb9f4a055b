import { LOG_LEVELS, type Logger, type LogLevel } from "../core/log.ts";
import type { AdminProviders, RetryOutcome } from "./admin/admin-providers.ts";
import type { SidecarParts } from "./state-wiring.ts";

/** What the admin server shows of a sidecar's parts, and what it may do to them. */
export function adminProviders(
  parts: SidecarParts,
  { log, drain }: { readonly log: Logger; readonly drain: () => void },
): AdminProviders {
  const { settings, telemetry, readiness, chain, plugins, configuration, traffic } = parts;
  return {
    notReady: () => readiness.reasons(),
    metrics: () => telemetry.registry.expose(),
    config: () => ({ settings, configuration: configuration.status }),
    plugins: () => ({
      plugins: chain.status.map(({ plugin: name, ...entry }) => ({ name, ...entry })),
      generations: plugins.registry.status,
      packages: plugins.packages.current().map(({ manifest: { name, version, runtime }, digest }) => ({
        name,
        version,
        runtime,
        digest,
      })),
      refused: plugins.packages.rejections(),
      hosts: plugins.isolates.status,
    }),
    clusters: () => ({ endpoints: traffic.endpoints }),
    logging: {
      get: () => LOG_LEVELS.find((level) => level === log.level) ?? "info",
      set: (level: LogLevel) => void (log.level = level),
    },
    drain,
    retryPlugin: (name) => retryPlugin(parts, name),
  };
}

function retryPlugin({ plugins, chain, configuration }: SidecarParts, name: string): RetryOutcome {
  const entry = chain.status.find(({ plugin }) => plugin === name);
  if (entry === undefined) return { kind: "unknown_plugin" };
  if (entry.obstacle !== "quarantined" && entry.obstacle !== "suspended") {
    return { kind: "nothing_to_retry", state: entry.obstacle ?? "serving" };
  }
  void plugins.registry.releaseQuarantine(name).then(() => configuration.retry());
  return { kind: "retrying" };
}
