import { namedOf } from "../../core/errors.ts";
import { suggestion } from "../../core/nearest.ts";
import type { Cluster, PluginVersion } from "../model/catalogue.ts";
import { OperationError } from "../model/operation-error.ts";
import type { CheckedChange } from "../store/checked-change.ts";
import type { Change } from "../store/store.ts";

/** Throws `not_found`, with the nearest name. */
export async function clusterNamed(change: Change, name: string): Promise<Cluster> {
  const cluster = await change.clusters.get(name);
  if (cluster !== undefined) return cluster;
  const { items } = await change.clusters.list({}, { limit: 1_000 });
  throw missing(
    "cluster",
    name,
    items.map((each) => each.name),
  );
}

/**
 * The version, if it may be released into the cluster: approved, where the cluster's or the plugin's domain asks for
 * that, and fit for the config that the cluster's chain has for it.
 */
export async function releasableVersion(
  change: CheckedChange,
  cluster: Cluster,
  named: { readonly plugin: string; readonly version: string },
): Promise<PluginVersion> {
  const version = await versionNamed(change, named.plugin, named.version);
  await refuseUnapproved(change, cluster, version);
  await refuseUnfit(change, cluster, version);
  return version;
}

async function versionNamed(change: Change, plugin: string, version: string): Promise<PluginVersion> {
  const found = await change.versions.get({ plugin, version });
  if (found !== undefined) return found;
  if ((await change.plugins.get(plugin)) === undefined) {
    const { items } = await change.plugins.list({}, { limit: 1_000 });
    throw missing(
      "plugin",
      plugin,
      items.map(({ name }) => name),
    );
  }
  const { items } = await change.versions.list({ plugin }, { limit: 1_000 });
  throw missing(
    `version of ${plugin}`,
    version,
    items.map((each) => each.version),
  );
}

async function refuseUnapproved(change: Change, cluster: Cluster, version: PluginVersion): Promise<void> {
  const { plugin, approval } = version;
  if (approval === "APPROVED") return;
  const name = `${plugin} ${version.version}`;
  if (approval === "REFUSED")
    throw new OperationError("wrong_state", `${name} was refused: only approved versions can be released`);
  const domains = [cluster.domain, (await change.plugins.get(plugin))?.domain ?? cluster.domain];
  for (const name of new Set(domains)) {
    const domain = await change.domains.get(name);
    if (domain?.versionApproval !== true) continue;
    throw new OperationError(
      "wrong_state",
      `${plugin} ${version.version} is not approved, which domain ${name} asks for: approve the version first`,
    );
  }
}

async function refuseUnfit(change: CheckedChange, cluster: Cluster, version: PluginVersion): Promise<void> {
  const chain = await change.chains.get(cluster.name);
  const index = chain?.entries.findIndex(({ plugin }) => plugin === version.plugin) ?? -1;
  const entry = chain?.entries[index];
  if (entry === undefined) return;
  const where = `chain of ${cluster.name}`;
  const problems = change.configProblems(
    version.configSchema,
    entry.config,
    where,
    `entries[${index}].config`,
  );
  if (problems.length === 0) return;
  const text = namedOf(problems)
    .map(({ key, message }) => `${key ?? ""}: ${message}`)
    .join("; ");
  throw new OperationError(
    "invalid_input",
    `the config of ${version.plugin} in the chain of ${cluster.name} does not fit ${version.version}: ${text}`,
    { problems },
  );
}

function missing(what: string, name: string, known: readonly string[]): OperationError {
  return new OperationError(
    "not_found",
    `there is no ${what} ${JSON.stringify(name)}${suggestion(name, known)}`,
  );
}
