import type { Action } from "./access.ts";
import type { ReleaseState } from "./release.ts";

/**
 * One step of a release. `action`: what a person asks for (`POST …/releases/ID/ACTION`), with the right that it needs;
 * a step without one follows from something else: time, reports of nodes, another release.
 */
export interface ReleaseStep {
  readonly name: string;
  readonly from: readonly ReleaseState[];
  readonly to: ReleaseState;
  readonly right: Action | "none";
  /** For docs and for the answer of a refused action. */
  readonly meaning: string;
}

const OPEN = [
  "PENDING_APPROVAL",
  "APPROVED",
  "SCHEDULED",
  "DOWNLOADING",
  "DOWNLOADED",
  "ACTIVATING",
  "GRAY",
] as const satisfies readonly ReleaseState[];

/** Approved and not yet in force anywhere. */
const BEFORE_FORCE = ["APPROVED", "SCHEDULED", "DOWNLOADING", "DOWNLOADED"] as const;

/** The machine: code, API, docs and tests share this table. A step that is not in it is refused. */
export const RELEASE_STEPS = [
  {
    name: "approve",
    from: ["PENDING_APPROVAL"],
    to: "APPROVED",
    right: "release.approve",
    meaning: "The approvals that the cluster asks for are there; never by its author.",
  },
  {
    name: "reject",
    from: ["PENDING_APPROVAL", "APPROVED", "SCHEDULED"],
    to: "REJECTED",
    right: "release.approve",
    meaning: "An approver refuses it, with a reason.",
  },
  {
    name: "bypass",
    from: ["PENDING_APPROVAL"],
    to: "APPROVED",
    right: "release.bypass",
    meaning: "An emergency: goes on without the approvals, audited as such.",
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
    meaning: "It has a time: download and activation begin by themselves then.",
  },
  {
    name: "download",
    from: ["APPROVED", "SCHEDULED", "DOWNLOADING", "DOWNLOADED"],
    to: "DOWNLOADING",
    right: "release.operate",
    meaning: "Its nodes fetch, verify and compile the package; again for those that failed.",
  },
  {
    name: "downloaded",
    from: ["DOWNLOADING"],
    to: "DOWNLOADED",
    right: "none",
    meaning: "Every node of it that is not OFFLINE holds the package loadable.",
  },
  {
    name: "activate",
    from: ["DOWNLOADED", "DOWNLOADING", "ACTIVATING"],
    to: "ACTIVATING",
    right: "release.operate",
    meaning: "Its nodes put the version in force, each as soon as it holds it; again for those that failed.",
  },
  {
    name: "gray",
    from: ["ACTIVATING"],
    to: "GRAY",
    right: "none",
    meaning: "A gray release runs on every node of it that is not OFFLINE.",
  },
  {
    name: "active",
    from: ["ACTIVATING"],
    to: "ACTIVE",
    right: "none",
    meaning: "A full release runs on every node of the cluster that is not OFFLINE.",
  },
  {
    name: "widen",
    from: ["GRAY", "ACTIVATING"],
    to: "ACTIVATING",
    right: "release.operate",
    meaning: "A gray release gets another target while in force.",
  },
  {
    name: "promote",
    from: ["GRAY"],
    to: "ACTIVATING",
    right: "release.operate",
    meaning: "Gray becomes full, as a step of the same release.",
  },
  {
    name: "complete",
    from: ["ACTIVE"],
    to: "DONE",
    right: "release.operate",
    meaning: "Somebody has looked at it; its version is the cluster's base from now on.",
  },
  {
    name: "fail",
    from: ["DOWNLOADING", "ACTIVATING", "GRAY"],
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
    name: "delete",
    from: ["GRAY"],
    to: "CANCELLED",
    right: "release.operate",
    meaning: "A gray release ends while in force: its nodes go back to the base version.",
  },
  {
    name: "supersede",
    from: [...OPEN, "ACTIVE", "DONE"],
    to: "SUPERSEDED",
    right: "none",
    meaning: "A newer release of the plugin in this cluster took its place.",
  },
  {
    name: "roll-back",
    from: [...OPEN, "ACTIVE", "DONE"],
    to: "ROLLED_BACK",
    right: "none",
    meaning: "A rollback of it was accepted; that is a release of its own.",
  },
] as const satisfies readonly ReleaseStep[];

export type ReleaseStepName = (typeof RELEASE_STEPS)[number]["name"];
