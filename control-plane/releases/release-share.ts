import type { MarkedEntry, ResourceMark, ResourceStanding } from "../model/node.ts";
import { isGray, type Release } from "../model/release.ts";
import { isUnanswered } from "../reports/sync-state.ts";
import { releaseOfSalt, saltOf, shareOf } from "./target.ts";

/**
 * The chain that a node has in force runs the release's version for the share that the release is for now, and one that
 * is on its way there does not change that.
 */
export function hasShare(release: Release, chain: ResourceStanding): boolean {
  return givesShare(release, chain.acked) && (!isUnanswered(chain) || givesShare(release, chain.sent));
}

function givesShare(release: Release, mark: ResourceMark | undefined): boolean {
  const entry = mark?.entries?.find(({ plugin }) => plugin === release.plugin);
  if (entry === undefined) return false;
  return isGray(release) ? isGrayIn(release, entry) : isFullIn(release, entry);
}

/**
 * The chain that a node has in force, or one that is on its way there, still runs the version of a gray release that is
 * for other nodes now.
 */
export function keepsShare(release: Release, chain: ResourceStanding): boolean {
  const { acked, sent } = chain;
  return stillNames(release, acked) || (isUnanswered(chain) && stillNames(release, sent));
}

function stillNames(release: Release, mark: ResourceMark | undefined): boolean {
  const entry = mark?.entries?.find(({ plugin }) => plugin === release.plugin);
  if (entry === undefined) return false;
  const { version, gray } = entry;
  if (gray !== undefined) return gray.version === release.version && gray.salt === saltOf(release);
  // Alone, since there was nothing that it could be beside.
  return version === release.version && version !== release.base;
}

/** Nodes that hold nothing that it could be beside run it alone. */
function isGrayIn(release: Release, { version, gray }: MarkedEntry): boolean {
  const share = shareOf(release);
  if (gray === undefined) return share === 100 && version === release.version;
  const { salt, percentage } = gray;
  return gray.version === release.version && salt === saltOf(release) && percentage === share;
}

/** What is beside it is of a later release, which has it for its base: one of before was to end with this one. */
function isFullIn({ id, state, version }: Release, entry: MarkedEntry): boolean {
  if (entry.version !== version) return false;
  return entry.gray === undefined || (state !== "ACTIVATING" && releaseOfSalt(entry.gray.salt) > id);
}
