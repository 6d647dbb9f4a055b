import type { Revised } from "./revised.ts";

/** The states of a release; which action leads from which to which is in release-machine.ts. */
export const RELEASE_STATES = [
  "PENDING_APPROVAL",
  "APPROVED",
  "SCHEDULED",
  "DOWNLOADING",
  "DOWNLOADED",
  "ACTIVATING",
  "GRAY",
  "ACTIVE",
  "DONE",
  "REJECTED",
  "CANCELLED",
  "FAILED",
  "SUPERSEDED",
  "ROLLED_BACK",
] as const;
export type ReleaseState = (typeof RELEASE_STATES)[number];

/** Nothing of such a release is in force or will be. */
export const ENDED_STATES = [
  "REJECTED",
  "CANCELLED",
  "FAILED",
  "SUPERSEDED",
  "ROLLED_BACK",
] as const satisfies readonly ReleaseState[];

/** It came to an end, and asks nothing of nodes any more. */
export function hasEnded(state: ReleaseState): boolean {
  return ENDED_STATES.some((ended) => ended === state);
}

/** Its version is in use: it runs, or may have to. */
export function holdsVersion(state: ReleaseState): boolean {
  return !hasEnded(state);
}

/** What ran before it may have to run again, or still runs on some nodes. */
export function holdsBase(state: ReleaseState): boolean {
  return holdsVersion(state) && state !== "ACTIVE" && state !== "DONE";
}

/** Which nodes of the cluster, or which part of their traffic, run the version. */
export type ReleaseTarget =
  | { readonly kind: "full" }
  | { readonly kind: "nodes"; readonly nodes: readonly string[] }
  /** Labels that must all be equal. */
  | { readonly kind: "selector"; readonly labels: Readonly<Record<string, string>> }
  /**
   * 0.01 to 100; by a stable hash of the node's id, so that widening only ever adds nodes. One node at least: see
   * `firstNode`.
   */
  | { readonly kind: "percentage"; readonly percentage: number }
  /** 0.01 to 100 of the exchanges on every node; both versions live there. */
  | { readonly kind: "traffic"; readonly percentage: number };

export interface Approval {
  readonly by: string;
  /** Wall clock, ms. */
  readonly at: number;
  readonly note: string;
  /** Given by an admin past the rules. */
  readonly bypass: boolean;
}

/** Putting one plugin version on nodes of one cluster, from request to done. */
export interface Release extends Revised {
  /** Counts up from 1 over all clusters. */
  readonly id: number;
  readonly cluster: string;
  readonly plugin: string;
  readonly version: string;
  readonly digest: string;
  readonly state: ReleaseState;
  readonly target: ReleaseTarget;
  /** The node that a percentage takes although it is too small for any of those that there were. */
  readonly firstNode?: string | undefined;
  readonly author: string;
  /** Who edited it; like its author, they do not approve it. */
  readonly editors: readonly string[];
  readonly note: string;
  readonly approvals: readonly Approval[];
  /**
   * How many approvals its cluster asked for while it waited for them: what it was approved under stays. 0: none, also
   * for a rollback to what ran before.
   */
  readonly requiredApprovals: number;
  /** Activation begins then (wall clock, ms); undefined: when somebody says so. */
  readonly scheduledAt: number | undefined;
  /** Goes through download and activation by itself once it may: rollbacks, and what has a time. */
  readonly automatic: boolean;
  /** What ran full in the cluster when this was made, or began; undefined: nothing did. */
  readonly base: string | undefined;
  /** When it became ACTIVE (wall clock, ms); undefined: it never was. */
  readonly activeSince: number | undefined;
  /** The release that this one rolls back. */
  readonly rollbackOf: number | undefined;
  /** The release that ended this one. */
  readonly supersededBy: number | undefined;
  /** Why it is REJECTED, CANCELLED or FAILED, for people. */
  readonly reason: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** `gray` runs on part of the nodes or of the traffic. */
export function isGray({ target }: Pick<Release, "target">): boolean {
  return target.kind !== "full";
}

/** What one node has done of a release; derived from its reports, never stored as a change. `over`: the release ended. */
export const NODE_STEPS = [
  "waiting",
  "downloading",
  "downloaded",
  "activating",
  "active",
  "failed",
  "over",
] as const;
export type NodeStep = (typeof NODE_STEPS)[number];

export interface ReleaseNode {
  readonly node: string;
  readonly online: boolean;
  /** Of the nodes that the release is for; false: it runs the base version. */
  readonly targeted: boolean;
  readonly step: NodeStep;
  /** Version that the node runs of this plugin. */
  readonly running: string | undefined;
  /** What went wrong, as the node said it. */
  readonly error: string | undefined;
}
