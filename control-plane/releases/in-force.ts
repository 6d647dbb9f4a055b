import { IN_FULL_FORCE, UNDER_WAY } from "../model/release-machine.ts";
import type { Release, ReleaseState } from "../model/release.ts";

/** What is in force, or on its way, of one plugin in one cluster. */
export interface InForce {
  /** Runs wherever `underWay` does not; undefined: no version ran in full yet. */
  readonly base: Release | undefined;
  /** Its targets hold it, and from ACTIVATING on run it. */
  readonly underWay: Release | undefined;
}

/** By plugin, from the releases of one cluster; those that are in neither of these states do not matter. */
export function inForceByPlugin(releases: Iterable<Release>): ReadonlyMap<string, InForce> {
  const plugins = new Map<string, InForce>();
  for (const release of releases) {
    const known = plugins.get(release.plugin) ?? { base: undefined, underWay: undefined };
    if (isOneOf(IN_FULL_FORCE, release.state)) plugins.set(release.plugin, { ...known, base: release });
    if (isOneOf(UNDER_WAY, release.state)) plugins.set(release.plugin, { ...known, underWay: release });
  }
  return plugins;
}

/** Nodes have something to do with a release in this state. */
export function concernsNodes(state: ReleaseState): boolean {
  return isOneOf(UNDER_WAY, state) || isOneOf(IN_FULL_FORCE, state);
}

export function isOneOf(states: readonly ReleaseState[], state: ReleaseState): boolean {
  return states.includes(state);
}
