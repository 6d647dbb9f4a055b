import { IN_FULL_FORCE, UNDER_WAY } from "../model/release-machine.ts";
import type { NodeStep, Release, ReleaseNode } from "../model/release.ts";
import type { View } from "../store/store.ts";
import { inForceByPlugin } from "./in-force.ts";
import type { ReleaseContext } from "./release-context.ts";
import { isSettled, progressOf } from "./release-progress.ts";
import { releasesIn, storedRelease } from "./stored-releases.ts";
import type { ChainMode } from "./node-progress.ts";

/** A release with what each node has done of it. */
export interface ReleaseStatus {
  readonly release: Release;
  readonly nodes: readonly ReleaseNode[];
  /** Of targeted nodes. */
  readonly counts: Readonly<Record<NodeStep, number>>;
  /** Nothing more happens by itself. */
  readonly settled: boolean;
}

/** Throws `not_found`. */
export async function releaseStatus(
  { store, reports }: Pick<ReleaseContext, "store" | "reports">,
  id: number,
): Promise<ReleaseStatus> {
  const { release, entry, others } = await store.read(async (view) => {
    const release = await storedRelease(view, id);
    const { cluster, plugin } = release;
    const others = await releasesIn(view, [...UNDER_WAY, ...IN_FULL_FORCE], { cluster, plugin });
    return { release, entry: await entryOf(view, release), others };
  });
  const progress = progressOf(release, entry, reports);
  const inForce = inForceByPlugin(others).get(release.plugin);
  const { nodes, counts } = progress;
  return { release, nodes, counts, settled: isSettled(release, progress, inForce) };
}

/** The plugin's entry in the cluster's chain; undefined: it has none. */
export async function entryOf(
  view: Pick<View, "chains">,
  { cluster, plugin }: Pick<Release, "cluster" | "plugin">,
): Promise<ChainMode | undefined> {
  const chain = await view.chains.get(cluster);
  return chain?.entries.find((entry) => entry.plugin === plugin);
}
