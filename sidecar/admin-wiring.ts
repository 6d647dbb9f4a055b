import { LOG_LEVELS, type Logger, type LogLevel } from "../core/log.ts";
import type { AdminProviders, RetryOutcome } from "./admin/admin-providers.ts";
import type { ConfigOrigin } from "./config-origin.ts";
import type { Configuration } from "./config/configuration.ts";
import type { DataPlane } from "./data-plane.ts";
import type { PackageSource } from "./plugins/packages/package-source.ts";
import type { ResolvedSettings } from "./settings-source.ts";

/** The parts of a sidecar that the admin server looks at. */
interface SidecarParts {
  readonly settings: ResolvedSettings;
  readonly dataPlane: DataPlane;
  readonly origin: ConfigOrigin;
  readonly configuration: Configuration;
}

/** What the admin server shows of a sidecar's parts, and what it may do to them. */
export function adminProviders(
  { settings, dataPlane, origin, configuration }: SidecarParts,
  { log, drain }: { readonly log: Logger; readonly drain: () => void },
): AdminProviders {
  return {
    notReady: () => dataPlane.readiness.reasons(),
    readyNote: () => origin.note,
    metrics: () => dataPlane.telemetry.registry.expose(),
    config: () => ({ settings, configuration: configuration.status, controlPlane: origin.page }),
    plugins: () => ({ ...pluginsPage(dataPlane), ...packagesPage(origin.packages) }),
    clusters: () => clustersPage(dataPlane),
    logging: loggingOf(log),
    drain,
    retryPlugin: async (name) => {
      const outcome = await releasePlugin(dataPlane, name);
      if (outcome.kind === "retrying") configuration.retry();
      return outcome;
    },
  };
}

/** What of /plugins one process knows: what it runs. */
export function pluginsPage({ chain, plugins }: DataPlane): Readonly<Record<string, unknown>> {
  return {
    plugins: chain.status.map(({ plugin: name, ...entry }) => ({ name, ...entry })),
    generations: plugins.registry.status,
    hosts: plugins.isolates.status,
  };
}

/** The rest of /plugins: what there is to run. */
export function packagesPage(packages: PackageSource): Readonly<Record<string, unknown>> {
  return {
    packages: packages.current().map(({ manifest: { name, version, runtime }, digest }) => ({
      name,
      version,
      runtime,
      digest,
    })),
    refused: packages.rejections(),
  };
}

export function clustersPage({ traffic }: DataPlane): Readonly<Record<string, unknown>> {
  return { endpoints: traffic.endpoints };
}

/** The level of one log. */
export function loggingOf(log: Logger): AdminProviders["logging"] {
  return {
    get: () => LOG_LEVELS.find((level) => level === log.level) ?? "info",
    set: (level: LogLevel) => void (log.level = level),
  };
}

/**
 * Forgets what is held against a plugin; whoever owns the configuration then tries it. The entry alone does not tell:
 * behind a generation that serves may stand a newer one that was quarantined or failed to load.
 */
export async function releasePlugin(
  { plugins, chain, applier }: DataPlane,
  name: string,
): Promise<RetryOutcome> {
  const entry = chain.status.find(({ plugin }) => plugin === name);
  if (entry === undefined) return { kind: "unknown_plugin" };
  const shortfall = applier.inForce?.loads.find(({ plugin }) => plugin === name)?.cause;
  if (await plugins.registry.releaseQuarantine(name)) return { kind: "retrying", cause: "quarantined" };
  if (shortfall !== undefined) return { kind: "retrying", cause: shortfall };
  return { kind: "nothing_to_retry", state: entry.mode === "off" ? "off" : (entry.obstacle ?? "serving") };
}
