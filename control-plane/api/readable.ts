import { permits } from "../access/authorize.ts";
import type { Actor } from "../model/actor.ts";
import { allItems } from "../store/all-items.ts";
import type { View } from "../store/store.ts";

/**
 * Which clusters the actor may read, for listings over clusters. What belongs to none (undefined) or to one that is
 * gone takes a grant for everything.
 */
export async function readableClusters(
  view: View,
  actor: Actor,
): Promise<(cluster: string | undefined) => boolean> {
  if (permits(actor, "read", { kind: "everywhere" })) return () => true;
  const clusters = await allItems((page) => view.clusters.list({}, page));
  const readable = new Set(
    clusters
      .filter(({ name, domain }) => permits(actor, "read", { kind: "cluster", cluster: name, domain }))
      .map(({ name }) => name),
  );
  return (cluster) => cluster !== undefined && readable.has(cluster);
}
