import type { Action } from "./access.ts";
import { isGray, type Release, type ReleaseState } from "./release.ts";

/** One row of the machine. */
export interface ReleaseStep {
  readonly name: string;
  /** Empty: it begins a release. */
  readonly from: readonly ReleaseState[];
  /** `same`: it stays in the state that it is in. */
  readonly to: ReleaseState | "same";
  /** The row is for gray or for full releases only; undefined: for both. */
  readonly only?: "gray" | "full";
  /**
   * The right of whoever asks for it (`POST …/releases/ID/NAME`); `none`: nobody asks, it follows from something else:
   * time, reports of nodes, another release.
   */
  readonly right: Action | "none";
  /** For docs and for people who are refused another one. */
  readonly meaning: string;
}

/** Approved, and not yet in force anywhere. */
export const BEFORE_FORCE = [
  "APPROVED",
  "SCHEDULED",
  "DOWNLOADING",
  "DOWNLOADED",
] as const satisfies readonly ReleaseState[];

/** Nodes hold the package or run it because of the release, and it is not in force everywhere. */
export const UNDER_WAY = [
  "DOWNLOADING",
  "DOWNLOADED",
  "ACTIVATING",
  "GRAY",
] as const satisfies readonly ReleaseState[];

/** One of these at most for each plugin in a cluster, beside a rollback that waits for approval. */
export const OPEN = [
  "PENDING_APPROVAL",
  "APPROVED",
  "SCHEDULED",
  ...UNDER_WAY,
] as const satisfies readonly ReleaseState[];

/** In force on every node of the cluster: the base version. One of these at most for each plugin in a cluster. */
export const IN_FULL_FORCE = ["ACTIVE", "DONE"] as const satisfies readonly ReleaseState[];

/** The machine: code, API, docs and tests share this table. A step that is not in it is refused. */
export const RELEASE_STEPS = [
  {
    name: "create",
    from: [],
    to: "PENDING_APPROVAL",
    right: "release.create",
    meaning: "Somebody asks for a version to be put on nodes.",
  },
  {
    name: "approve",
    from: ["PENDING_APPROVAL"],
    to: "same",
    right: "release.approve",
    meaning: "One approval; one a person, never by its author nor by who edited it.",
  },
  {
    name: "approved",
    from: ["PENDING_APPROVAL"],
    to: "APPROVED",
    right: "none",
    meaning:
      "As many people have approved as the cluster asks for; at once where it asks for none, or comes to ask for no more than there are, and for a rollback to a version that was ACTIVE here before, unless the cluster has `rollbackApproval`.",
  },
  {
    name: "unapproved",
    from: BEFORE_FORCE,
    to: "PENDING_APPROVAL",
    right: "none",
    meaning:
      "Its cluster asks for more approvals now than it has, and none of its nodes runs it: it waits for the others. Those it has count, and a bypass does.",
  },
  {
    name: "bypass",
    from: ["PENDING_APPROVAL"],
    to: "APPROVED",
    right: "release.bypass",
    meaning: "An emergency: goes on without the approvals, audited as such.",
  },
  {
    name: "reject",
    from: ["PENDING_APPROVAL", "APPROVED", "SCHEDULED"],
    to: "REJECTED",
    right: "release.approve",
    meaning: "An approver refuses it, with a reason.",
  },
  {
    name: "edit",
    from: ["PENDING_APPROVAL", "APPROVED", "SCHEDULED"],
    to: "PENDING_APPROVAL",
    right: "release.edit",
    meaning: "Target, time or note change before anything is in force: approvals given so far are revoked.",
  },
  {
    name: "schedule",
    from: ["APPROVED"],
    to: "SCHEDULED",
    right: "none",
    meaning: "It has a time, which is to come.",
  },
  {
    name: "begin",
    from: ["APPROVED", "SCHEDULED"],
    to: "DOWNLOADING",
    right: "none",
    meaning: "Its time has come, or it is a rollback: it downloads, and then activates, by itself.",
  },
  {
    name: "download",
    from: ["APPROVED", "SCHEDULED", "DOWNLOADING", "DOWNLOADED"],
    to: "DOWNLOADING",
    right: "release.operate",
    meaning:
      "Its nodes fetch, verify and compile the package; again for those that failed. A time to come still is when it activates.",
  },
  {
    name: "downloaded",
    from: ["DOWNLOADING"],
    to: "DOWNLOADED",
    right: "none",
    meaning: "Every node of it that is not OFFLINE holds the package loadable; gray, there is one at least.",
  },
  {
    name: "activate",
    from: ["DOWNLOADED", "DOWNLOADING", "ACTIVATING"],
    to: "ACTIVATING",
    right: "release.operate",
    meaning: "Its nodes put the version in force, each as soon as it holds it; again for those that failed.",
  },
  {
    name: "continue",
    from: ["DOWNLOADED"],
    to: "ACTIVATING",
    right: "none",
    meaning: "It activates by itself, being a rollback or having a time that has come.",
  },
  {
    name: "gray",
    from: ["ACTIVATING"],
    to: "GRAY",
    only: "gray",
    right: "none",
    meaning:
      "It runs on every node of it that is not OFFLINE, for the share that it is for now, and there is one at least.",
  },
  {
    name: "active",
    from: ["ACTIVATING"],
    to: "ACTIVE",
    only: "full",
    right: "none",
    meaning:
      "It runs on every node of the cluster that is not OFFLINE, and no other version of the plugin beside it: its version is the base, and the release before is SUPERSEDED.",
  },
  {
    name: "widen",
    from: ["GRAY", "ACTIVATING"],
    to: "ACTIVATING",
    only: "gray",
    right: "release.operate",
    meaning:
      "Another target while in force, wider or narrower; nodes that leave it go back to the base version.",
  },
  {
    name: "promote",
    from: ["GRAY"],
    to: "ACTIVATING",
    only: "gray",
    right: "release.operate",
    meaning: "Gray becomes full, as a step of the same release.",
  },
  {
    name: "complete",
    from: ["ACTIVE"],
    to: "DONE",
    right: "release.operate",
    meaning: "Somebody has looked at it and says that it is done.",
  },
  {
    name: "fail",
    from: UNDER_WAY,
    to: "FAILED",
    right: "release.operate",
    meaning: "Given up: every node goes back to the base version.",
  },
  {
    name: "cancel",
    from: ["PENDING_APPROVAL", ...BEFORE_FORCE],
    to: "CANCELLED",
    right: "release.edit",
    meaning: "Withdrawn before it was in force anywhere.",
  },
  {
    name: "retry",
    from: [...UNDER_WAY, ...IN_FULL_FORCE],
    to: "same",
    right: "release.operate",
    meaning: "Nodes that failed or refused are sent what they refused, once more.",
  },
  {
    name: "delete",
    from: ["GRAY", "ACTIVATING"],
    to: "CANCELLED",
    only: "gray",
    right: "release.operate",
    meaning: "It ends while in force: its nodes go back to the base version.",
  },
  {
    name: "delete",
    from: IN_FULL_FORCE,
    to: "CANCELLED",
    only: "full",
    right: "release.operate",
    meaning:
      "It ends, which is refused while a node uses the version or another release of the plugin is open.",
  },
  {
    name: "rollback",
    from: [...OPEN, ...IN_FULL_FORCE],
    to: "ROLLED_BACK",
    right: "release.rollback",
    meaning:
      "A new release to another version takes its place: when that begins, or, if this one is the base, when that is ACTIVE.",
  },
  {
    name: "supersede",
    from: [...OPEN, ...IN_FULL_FORCE],
    to: "SUPERSEDED",
    right: "none",
    meaning: "A newer release took its place: a full one that became ACTIVE, or a rollback that began.",
  },
  {
    name: "remove",
    from: [...OPEN, ...IN_FULL_FORCE],
    to: "CANCELLED",
    right: "none",
    meaning: "The plugin was taken out of the cluster.",
  },
] as const satisfies readonly ReleaseStep[];

export type ReleaseStepName = (typeof RELEASE_STEPS)[number]["name"];

/** The row by which `release` can take the step; undefined: it cannot. */
export function stepOf(
  release: Pick<Release, "state" | "target">,
  name: ReleaseStepName,
): ReleaseStep | undefined {
  return RELEASE_STEPS.find((step) => step.name === name && fits(step, release));
}

/** What people can ask of a release in its state, whoever asks; each name once, in the order of the table. */
export function actionsOf(release: Pick<Release, "state" | "target">): readonly ReleaseStepName[] {
  const steps = RELEASE_STEPS.filter((step) => step.right !== "none" && fits(step, release));
  return [...new Set(steps.map(({ name }) => name))];
}

function fits({ from, only }: ReleaseStep, { state, target }: Pick<Release, "state" | "target">): boolean {
  return from.includes(state) && (only === undefined || (only === "gray") === isGray({ target }));
}
