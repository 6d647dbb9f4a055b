import type { z } from "zod";

import { formatDuration } from "../../../core/duration.ts";
import type { Plugin, PluginVersion } from "../../model/catalogue.ts";
import type { ClusterChain } from "../../model/chain.ts";
import { RELEASE_STATES } from "../../model/release.ts";
import { holdsVersion } from "../../model/release.ts";
import type { View } from "../../store/store.ts";
import type * as resource from "../contract/resources.ts";
import { timeText } from "./time.ts";

type VersionAnswer = z.input<typeof resource.pluginVersion>;

export function pluginAnswer(plugin: Plugin): z.input<typeof resource.plugin> {
  return { ...plugin, owners: [...plugin.owners] };
}

export function chainAnswer(chain: ClusterChain): z.input<typeof resource.chain> {
  const { request, response } = chain.deadlines;
  return {
    cluster: chain.cluster,
    entries: [...chain.entries],
    deadlines: { request: formatDuration(request), response: formatDuration(response) },
    revision: chain.revision,
  };
}

/** A version, with the clusters where it is in use; `readable` says which of them the asker may see. */
export async function versionAnswer(
  view: View,
  version: PluginVersion,
  readable: (cluster: string) => boolean,
): Promise<VersionAnswer> {
  const { manifest, uploadedAt, ...rest } = version;
  const usedBy = (await releasesOf(view, version)).filter(({ cluster }) => readable(cluster));
  const approvalRequired = await asksForApproval(view, version.plugin);
  return { ...rest, manifest: { ...manifest }, uploadedAt: timeText(uploadedAt), approvalRequired, usedBy };
}

async function asksForApproval(view: View, plugin: string): Promise<boolean> {
  const domain = (await view.plugins.get(plugin))?.domain;
  return domain !== undefined && (await view.domains.get(domain))?.versionApproval === true;
}

async function releasesOf(view: View, { plugin, version }: PluginVersion): Promise<VersionAnswer["usedBy"]> {
  const states = RELEASE_STATES.filter(holdsVersion);
  const { items } = await view.releases.list({ plugin, states }, { limit: 1_000 });
  return items
    .filter((release) => release.version === version)
    .map(({ cluster, id }) => ({ cluster, release: id }));
}
