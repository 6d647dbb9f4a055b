import { permits } from "../access/authorize.ts";
import type { Actor } from "../model/actor.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Release, ReleaseState } from "../model/release.ts";
import type { View } from "../store/store.ts";

/** A release in one of these has sent nothing to nodes. */
const NOT_SENT = [
  "PENDING_APPROVAL",
  "APPROVED",
  "SCHEDULED",
  "REJECTED",
] as const satisfies readonly ReleaseState[];

/**
 * Throws `forbidden` unless the actor may have the bytes of the package: a node what was released to its own cluster,
 * whatever its token's scope; people what a plugin of their domain, or a release in their cluster, has.
 */
export async function requireReader(view: View, actor: Actor, digest: string): Promise<void> {
  const node = actor.kind === "token" ? actor.node : undefined;
  const may = node === undefined ? mayRead(view, actor, digest) : mayStage(view, node, digest);
  if (await may) return;
  throw new OperationError("forbidden", `${actor.name} may not download package ${digest}: it is for others`);
}

async function mayStage(view: View, node: string, digest: string): Promise<boolean> {
  const cluster = (await view.nodes.get(node))?.cluster;
  if (cluster === undefined) return false;
  const releases = await releasesOf(view, digest, cluster);
  return releases.some(({ state }) => !NOT_SENT.some((each) => each === state));
}

async function mayRead(view: View, actor: Actor, digest: string): Promise<boolean> {
  if (permits(actor, "artifact.download", { kind: "everywhere" })) return true;
  for (const name of await pluginsWith(view, digest)) {
    const domain = (await view.plugins.get(name))?.domain;
    if (domain !== undefined && permits(actor, "artifact.download", { kind: "domain", domain })) return true;
  }
  const clusters = new Set((await releasesOf(view, digest)).map(({ cluster }) => cluster));
  for (const cluster of clusters) {
    const domain = (await view.clusters.get(cluster))?.domain;
    if (permits(actor, "artifact.download", { kind: "cluster", cluster, domain })) return true;
  }
  return false;
}

async function releasesOf(view: View, digest: string, cluster?: string): Promise<readonly Release[]> {
  const found: Release[] = [];
  for (const plugin of await pluginsWith(view, digest)) {
    let cursor: string | undefined;
    do {
      const page = await view.releases.list({ plugin, cluster }, { limit: 1_000, cursor });
      found.push(...page.items.filter((release) => release.digest === digest));
      cursor = page.next;
    } while (cursor !== undefined);
  }
  return found;
}

/** A package names one plugin in one version; nobody can upload it as another. */
async function pluginsWith(view: View, digest: string): Promise<readonly string[]> {
  const { items } = await view.versions.list({ digest }, { limit: 1_000 });
  return items.map(({ plugin }) => plugin);
}
