import { permits } from "../access/authorize.ts";
import type { Actor } from "../model/actor.ts";
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
  const readable = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await view.clusters.list({}, { limit: 1_000, cursor });
    for (const { name, domain } of page.items) {
      if (permits(actor, "read", { kind: "cluster", cluster: name, domain })) readable.add(name);
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return (cluster) => cluster !== undefined && readable.has(cluster);
}
