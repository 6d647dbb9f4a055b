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

const PAGE = 1_000;
/** Holds the release that is under way and what is in force, as a rule. */
const FIRST_PAGE = 10;

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
  for await (const { state } of releasesOf(view, digest, cluster))
    if (!NOT_SENT.some((each) => each === state)) return true;
  return false;
}

async function mayRead(view: View, actor: Actor, digest: string): Promise<boolean> {
  if (permits(actor, "artifact.download", { kind: "everywhere" })) return true;
  for (const name of await pluginsWith(view, digest)) {
    const domain = (await view.plugins.get(name))?.domain;
    if (domain !== undefined && permits(actor, "artifact.download", { kind: "domain", domain })) return true;
  }
  const refused = new Set<string>();
  for await (const { cluster } of releasesOf(view, digest)) {
    if (refused.has(cluster)) continue;
    const domain = (await view.clusters.get(cluster))?.domain;
    if (permits(actor, "artifact.download", { kind: "cluster", cluster, domain })) return true;
    refused.add(cluster);
  }
  return false;
}

/** The newest first, and no further than somebody asks: a fleet that downloads wants what was released last. */
async function* releasesOf(view: View, digest: string, cluster?: string): AsyncGenerator<Release> {
  for (const plugin of await pluginsWith(view, digest)) {
    let cursor: string | undefined;
    let limit = FIRST_PAGE;
    do {
      const page = await view.releases.list({ plugin, cluster }, { limit, cursor, descending: true });
      yield* page.items.filter((release) => release.digest === digest);
      cursor = page.next;
      limit = PAGE;
    } while (cursor !== undefined);
  }
}

/** A package names one plugin in one version; nobody can upload it as another. */
async function pluginsWith(view: View, digest: string): Promise<readonly string[]> {
  const { items } = await view.versions.list({ digest }, { limit: PAGE });
  return items.map(({ plugin }) => plugin);
}
