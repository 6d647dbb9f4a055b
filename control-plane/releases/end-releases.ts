import { IN_FULL_FORCE, OPEN } from "../model/release-machine.ts";
import type { Change } from "../store/store.ts";
import { releasesIn } from "./stored-releases.ts";
import { takeStep } from "./take-step.ts";

/** Part of the change that takes a plugin out of a cluster: what is open or in force of it there ends. */
export async function endReleasesOf(
  change: Change,
  { cluster, plugin }: { readonly cluster: string; readonly plugin: string },
  wall: number,
): Promise<void> {
  for (const release of await releasesIn(change, [...OPEN, ...IN_FULL_FORCE], { cluster, plugin })) {
    const reason = `${plugin} was taken out of ${cluster}`;
    await change.releases.update(takeStep(release, "remove", { reason, updatedAt: wall }));
  }
}
