import type { Clock } from "../../core/clock.ts";
import { authorize, permits } from "../access/authorize.ts";
import type { Place } from "../access/place.ts";
import { ACTIONS } from "../model/access.ts";
import { actorName, type Actor } from "../model/actor.ts";
import type { Cluster } from "../model/catalogue.ts";
import { OperationError } from "../model/operation-error.ts";
import { IN_FULL_FORCE } from "../model/release-machine.ts";
import { recheckApprovals } from "../releases/recheck-approvals.ts";
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
    writeCluster(change, actor, wanted, expected),
  );
  return result.after;
}

/** Part of a change. `forbidden` where it leaves, or comes to, a domain in which the actor may not write clusters. */
export async function writeCluster(
  change: Change,
  actor: Actor,
  wanted: Unrevised<Cluster>,
  expected: number | undefined,
): Promise<Put<Cluster>> {
  const domain = await domainNamed(change, wanted.domain, "domain");
  const known = await change.clusters.get(wanted.name);
  // A grant for one cluster is none for making it, or for the domain that it is moved to.
  if (known?.domain !== wanted.domain)
    authorize(actor, "cluster.write", { kind: "domain", domain: domain.name });
  if (known !== undefined) {
    const place = { kind: "cluster", cluster: known.name, domain: known.domain } as const;
    authorize(actor, "cluster.write", place);
    if (await asksForLess(change, known, wanted)) refuseUnlessBypasses(actor, place);
  }
  const put = await putRecord(change.clusters, { noun: "cluster", key: wanted.name }, wanted, expected);
  if (known !== undefined && asksForOther(known, wanted)) await recheckApprovals(change, wanted.name);
  return put;
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

function asksForOther(known: Cluster, wanted: Unrevised<Cluster>): boolean {
  return (
    wanted.requiredApprovals !== known.requiredApprovals || wanted.rollbackApproval !== known.rollbackApproval
  );
}

async function asksForLess(
  { domains }: Pick<Change, "domains">,
  known: Cluster,
  wanted: Unrevised<Cluster>,
): Promise<boolean> {
  if (wanted.requiredApprovals < known.requiredApprovals) return true;
  if (known.rollbackApproval && !wanted.rollbackApproval) return true;
  const [from, to] = [await domains.get(known.domain), await domains.get(wanted.domain)];
  return from?.versionApproval === true && to?.versionApproval !== true;
}

/** Whoever could ask for fewer approvals and then release needs none at all: that takes the right to go without. */
function refuseUnlessBypasses(actor: Actor, place: Extract<Place, { kind: "cluster" }>): void {
  if (permits(actor, "release.bypass", place)) return;
  throw new OperationError(
    "forbidden",
    `${actorName(actor)} may not ask for fewer approvals in cluster ${place.cluster}: it takes ${ACTIONS["release.bypass"].join(", ")}`,
  );
}
