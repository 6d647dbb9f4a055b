import type { Clock } from "../../core/clock.ts";
import { formatDuration } from "../../core/duration.ts";
import type { Actor } from "../model/actor.ts";
import type { ClusterChain } from "../model/chain.ts";
import { endReleasesOf } from "../releases/end-releases.ts";
import { checkedChange, type CheckedChange } from "../store/checked-change.ts";
import type { Change, Store } from "../store/store.ts";
import { chainOf, type ChainWish, type EntryWish } from "./chain-wish.ts";
import { checkConfigs } from "./check-configs.ts";
import { clusterNamed, pluginNamed } from "./named-records.ts";
import { putRecord, type Put } from "./put-record.ts";

/** Writes the whole chain of a cluster; what is released of plugins that it leaves out stays released. */
export async function putChain(
  store: Store,
  actor: Actor,
  { cluster, wish }: { readonly cluster: string; readonly wish: ChainWish },
  expected: number | undefined,
): Promise<ClusterChain> {
  const { result } = await checkedChange(store, actor, "chain.write", (change) =>
    writeChain(change, cluster, wish, expected),
  );
  return result.after;
}

/** Adds an entry at the end, or changes what `changes` names of the one that is there. */
export async function putChainEntry(
  store: Store,
  actor: Actor,
  { cluster, changes }: { readonly cluster: string; readonly changes: EntryWish },
  expected: number | undefined,
): Promise<ClusterChain> {
  const { result } = await checkedChange(store, actor, "chain.write", async (change) => {
    const chain = await chainIn(change, cluster);
    const known = chain.entries.find(({ plugin }) => plugin === changes.plugin);
    const entry = { ...known, ...changes };
    const entries =
      known === undefined
        ? [...chain.entries, entry]
        : chain.entries.map((each) => (each === known ? entry : each));
    return writeChain(change, cluster, wishOf(chain, entries), expected);
  });
  return result.after;
}

/** Takes a plugin out of the chain and off every node of the cluster: what is released of it there ends. */
export async function removePlugin(
  store: Store,
  actor: Actor,
  { cluster, plugin, clock }: { readonly cluster: string; readonly plugin: string; readonly clock: Clock },
  expected: number | undefined,
): Promise<ClusterChain> {
  const { result } = await checkedChange(store, actor, "plugin.remove", async (change) => {
    await pluginNamed(change, plugin);
    const chain = await chainIn(change, cluster);
    await endReleasesOf(change, { cluster, plugin }, clock.wall());
    const entries = chain.entries.filter((entry) => entry.plugin !== plugin);
    return writeChain(change, cluster, wishOf(chain, entries), expected);
  });
  return result.after;
}

/** Part of a change. */
export async function writeChain(
  change: CheckedChange,
  cluster: string,
  wish: ChainWish,
  expected: number | undefined,
): Promise<Put<ClusterChain>> {
  await clusterNamed(change, cluster, "cluster");
  const chain = chainOf(cluster, wish);
  for (const [index, { plugin }] of chain.entries.entries())
    await pluginNamed(change, plugin, `entries[${index}].plugin`);
  await checkConfigs(change, chain);
  return putRecord(change.chains, { noun: "chain of cluster", key: cluster }, chain, expected);
}

type KnownChain = Pick<ClusterChain, "entries"> & { readonly deadlines?: ClusterChain["deadlines"] };

async function chainIn(change: Change, cluster: string): Promise<KnownChain> {
  await clusterNamed(change, cluster);
  return (await change.chains.get(cluster)) ?? { entries: [] };
}

function wishOf({ deadlines }: KnownChain, entries: readonly EntryWish[]): ChainWish {
  if (deadlines === undefined) return { entries };
  const { request, response } = deadlines;
  return { entries, deadlines: { request: formatDuration(request), response: formatDuration(response) } };
}
