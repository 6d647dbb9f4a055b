import type { Clock } from "../../core/clock.ts";
import type { Actor } from "../model/actor.ts";
import type { Cluster } from "../model/catalogue.ts";
import { IN_FULL_FORCE } from "../model/release-machine.ts";
import { endReleasesOf } from "../releases/end-releases.ts";
import type { Change, Store, Unrevised } from "../store/store.ts";
import { clusterNamed, domainNamed } from "./named-records.ts";
import { putRecord, type Put } from "./put-record.ts";

export async function putCluster(
  store: Store,
  actor: Actor,
  wanted: Unrevised<Cluster>,
  expected: number | undefined,
): Promise<Cluster> {
  const { result } = await store.change(actor, "cluster.write", (change) =>
    writeCluster(change, wanted, expected),
  );
  return result.after;
}

/** Part of a change. */
export async function writeCluster(
  change: Change,
  wanted: Unrevised<Cluster>,
  expected: number | undefined,
): Promise<Put<Cluster>> {
  await domainNamed(change, wanted.domain);
  return putRecord(change.clusters, { noun: "cluster", key: wanted.name }, wanted, expected);
}

/**
 * With its chain; what was released in full there has ended then. `in_use` while it has nodes, releases that are open
 * or tokens for it.
 */
export async function deleteCluster(
  store: Store,
  actor: Actor,
  { name, clock }: { readonly name: string; readonly clock: Clock },
  expected: number | undefined,
): Promise<void> {
  await store.change(actor, "cluster.write", async (change) => {
    await clusterNamed(change, name);
    if ((await change.chains.get(name)) !== undefined) await change.chains.delete(name);
    await endFinishedReleases(change, name, clock.wall());
    await change.clusters.delete(name, expected);
  });
}

/** Where a release of the plugin is open as well, that keeps the cluster, and all of this is undone. */
async function endFinishedReleases(change: Change, cluster: string, wall: number): Promise<void> {
  const open = await change.releases.list({ cluster, states: [...IN_FULL_FORCE] }, { limit: 1_000 });
  for (const plugin of new Set(open.items.map((release) => release.plugin)))
    await endReleasesOf(change, { cluster, plugin }, wall);
}
