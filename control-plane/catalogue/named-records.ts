import { suggestion } from "../../core/nearest.ts";
import type { Cluster, Domain, Plugin, PluginVersion } from "../model/catalogue.ts";
import { OperationError } from "../model/operation-error.ts";
import type { PageRequest, Page, View } from "../store/store.ts";

/** A name that people wrote: under this key, when they wrote a document. */
type NameKey = string | undefined;

/** So many names are looked through for the one that was meant. */
const CANDIDATES: PageRequest = { limit: 1_000 };

/** Throws `not_found`, with the nearest name. */
export async function domainNamed(view: Pick<View, "domains">, name: string, key?: NameKey): Promise<Domain> {
  const domain = await view.domains.get(name);
  return domain ?? missing("domain", name, await view.domains.list({}, CANDIDATES), key);
}

/** Throws `not_found`, with the nearest name. */
export async function clusterNamed(
  view: Pick<View, "clusters">,
  name: string,
  key?: NameKey,
): Promise<Cluster> {
  const cluster = await view.clusters.get(name);
  return cluster ?? missing("cluster", name, await view.clusters.list({}, CANDIDATES), key);
}

/** Throws `not_found`, with the nearest name. */
export async function pluginNamed(view: Pick<View, "plugins">, name: string, key?: NameKey): Promise<Plugin> {
  const plugin = await view.plugins.get(name);
  return plugin ?? missing("plugin", name, await view.plugins.list({}, CANDIDATES), key);
}

/** Throws `not_found`, with the nearest version. */
export async function versionNamed(
  view: Pick<View, "plugins" | "versions">,
  { plugin, version }: { readonly plugin: string; readonly version: string },
): Promise<PluginVersion> {
  const found = await view.versions.get({ plugin, version });
  if (found !== undefined) return found;
  await pluginNamed(view, plugin);
  const { items } = await view.versions.list({ plugin }, CANDIDATES);
  const versions = items.map((each) => ({ name: each.version }));
  return missing(`version of ${plugin}`, version, { items: versions, next: undefined });
}

function missing(
  noun: string,
  name: string,
  { items }: Page<{ readonly name: string }>,
  key?: NameKey,
): never {
  const near = suggestion(
    name,
    items.map((each) => each.name),
  );
  const message = `there is no ${noun} ${name}${near}`;
  const problems = key === undefined ? [] : [{ where: noun, key, message }];
  throw new OperationError("not_found", message, { problems });
}
