import type { PluginVersion, UploadedPackage } from "../model/catalogue.ts";
import type { ClusterChain } from "../model/chain.ts";
import { IN_FULL_FORCE, UNDER_WAY } from "../model/release-machine.ts";
import type { Release } from "../model/release.ts";
import { allItems } from "../store/all-items.ts";
import type { View } from "../store/store.ts";
import { releasesIn } from "./stored-releases.ts";

/** Which records were changed. */
export interface ChangedKeys {
  readonly chains: ReadonlySet<string>;
  readonly releases: ReadonlySet<number>;
}

/** Records as of one tick; undefined: gone. */
export interface ReadRecords {
  readonly tick: number;
  readonly chains: ReadonlyMap<string, ClusterChain | undefined>;
  readonly releases: ReadonlyMap<number, Release | undefined>;
  /** By digest. */
  readonly packages: ReadonlyMap<string, UploadedPackage>;
}

/** Everything that nodes have to do with. */
export async function readAll(view: View): Promise<ReadRecords> {
  const chains = await allItems((page) => view.chains.list({}, page));
  const releases = await releasesIn(view, ["SCHEDULED", ...UNDER_WAY, ...IN_FULL_FORCE]);
  const versions = await allItems((page) => view.versions.list({}, page));
  return {
    tick: view.tick,
    chains: new Map(chains.map((chain) => [chain.cluster, chain])),
    releases: new Map(releases.map((release) => [release.id, release])),
    packages: new Map(versions.map((version) => [version.digest, uploaded(version)])),
  };
}

/** What was changed, with the packages that are not `known` yet. */
export async function readChanged(
  view: View,
  keys: ChangedKeys,
  known: ReadonlyMap<string, UploadedPackage>,
): Promise<ReadRecords> {
  const chains = new Map<string, ClusterChain | undefined>();
  const releases = new Map<number, Release | undefined>();
  const packages = new Map<string, UploadedPackage>();
  for (const cluster of keys.chains) chains.set(cluster, await view.chains.get(cluster));
  for (const id of keys.releases) {
    const release = await view.releases.get(id);
    releases.set(id, release);
    if (release === undefined || known.has(release.digest)) continue;
    const version = await view.versions.get(release);
    if (version !== undefined) packages.set(version.digest, uploaded(version));
  }
  return { tick: view.tick, chains, releases, packages };
}

function uploaded({ plugin, version, digest, size, manifest }: PluginVersion): UploadedPackage {
  return { plugin, version, digest, size, failurePolicy: manifest.failurePolicy };
}
