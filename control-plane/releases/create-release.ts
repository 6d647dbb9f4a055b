import { actorName, type Actor } from "../model/actor.ts";
import type { PluginVersion } from "../model/catalogue.ts";
import { OperationError } from "../model/operation-error.ts";
import { OPEN } from "../model/release-machine.ts";
import type { Release, ReleaseTarget } from "../model/release.ts";
import { checkedChange } from "../store/checked-change.ts";
import type { Change } from "../store/store.ts";
import { whenApproved } from "./approval-actions.ts";
import { checkTarget } from "./check-target.ts";
import { checkTime } from "./check-time.ts";
import { clusterNamed, releasableVersion } from "./check-version.ts";
import type { ChangedRelease, ReleaseContext } from "./release-context.ts";
import { releasesIn } from "./stored-releases.ts";
import { possibleActions, titleOf } from "./take-step.ts";
import { baseVersion, insertRelease } from "./write-release.ts";

/** What somebody asks for. */
export interface ReleaseWish {
  readonly cluster: string;
  readonly plugin: string;
  readonly version: string;
  readonly target: ReleaseTarget;
  /**
   * Wall clock, ms: download and activation begin by themselves then, at once if it passes before the last approval;
   * undefined: on demand.
   */
  readonly scheduledAt: number | undefined;
  readonly note: string;
}

/**
 * Asks for a version to be put on nodes. Throws `not_found`, `invalid_input` (target, a time that is past, or the
 * chain's config does not fit the version), `wrong_state` (the version is not approved), `conflict` (another release of
 * the plugin is open in the cluster, or the version runs there in full already).
 */
export async function createRelease(
  { store, clock, reports }: ReleaseContext,
  author: Actor,
  wish: ReleaseWish,
): Promise<ChangedRelease> {
  const wall = clock.wall();
  checkTime(wish.scheduledAt, wall);
  const { tick, result } = await checkedChange(store, author, "release.create", async (change) => {
    const cluster = await clusterNamed(change, wish.cluster);
    const version = await releasableVersion(change, cluster, wish);
    const base = await baseVersion(change, wish);
    await checkTarget(wish.target, { ...wish, base }, change);
    await refuseSecond(change, wish);
    if (base === wish.version)
      throw new OperationError("conflict", `${wish.plugin} ${base} runs in full in ${wish.cluster} already`);
    const made = await newRelease(change, author, wish, { version, base, wall });
    return insertRelease(change, await whenApproved(made, change), { wall, reports });
  });
  return { tick, release: result };
}

/** What a new release has besides what was wished for. */
interface Beginning {
  readonly version: PluginVersion;
  readonly base: string | undefined;
  readonly wall: number;
  readonly rollbackOf?: number;
}

/** A release before anything was said of it. */
export async function newRelease(
  change: Change,
  author: Actor,
  wish: ReleaseWish,
  { version, base, wall, rollbackOf }: Beginning,
): Promise<Release> {
  const { cluster, target, scheduledAt, note } = wish;
  return {
    id: await change.nextReleaseId(),
    cluster,
    plugin: version.plugin,
    version: version.version,
    digest: version.digest,
    state: "PENDING_APPROVAL",
    target,
    author: actorName(author),
    editors: [],
    note,
    approvals: [],
    requiredApprovals: 0,
    scheduledAt,
    automatic: scheduledAt !== undefined || rollbackOf !== undefined,
    base,
    activeSince: undefined,
    rollbackOf,
    supersededBy: undefined,
    reason: "",
    createdAt: wall,
    updatedAt: wall,
    revision: 0,
  };
}

async function refuseSecond(change: Change, wish: ReleaseWish): Promise<void> {
  const { cluster, plugin } = wish;
  const [open] = await releasesIn(change, OPEN, { cluster, plugin });
  if (open === undefined) return;
  throw new OperationError(
    "conflict",
    `${titleOf(open)} is ${open.state}, and a plugin has one open release in a cluster; ${possibleActions(open)}`,
  );
}
