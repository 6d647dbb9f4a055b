import type { Revised } from "./revised.ts";

/** A sidecar as it introduced itself; a record, so that one that is gone is still missed. */
export interface Node extends Revised {
  readonly id: string;
  readonly cluster: string;
  readonly service: string;
  readonly symbol: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of Sluice. */
  readonly version: string;
  /** `linux/amd64` */
  readonly platform: string;
}

export const PLUGIN_STATUSES = [
  "RUNNING",
  "FAILED",
  "UNKNOWN",
  "INSTALLED",
  "REMOVED",
  "QUARANTINED",
  "ALIEN",
] as const;
export type PluginStatusWord = (typeof PLUGIN_STATUSES)[number];

/** What a node says of one version of a plugin. */
export interface NodePlugin {
  readonly plugin: string;
  readonly version: string;
  readonly digest: string;
  readonly status: PluginStatusWord;
  readonly error: string;
  readonly generation: number;
}

export const FAILURE_PHASES = ["download", "activation", "run"] as const;

/** Why a version of a plugin did not come to run on a node, or fails there; kept until it gets past that. */
export interface NodeFailure {
  readonly plugin: string;
  readonly version: string;
  /** When the control plane heard of it last; wall clock, ms. */
  readonly at: number;
  /** `download`: fetching and checking the package; `activation`: of a chain that the node refused. */
  readonly during: (typeof FAILURE_PHASES)[number];
  /** As the node said it. */
  readonly what: string;
}

export const STAGE_STATES = ["FETCHING", "LOADABLE", "INVALID", "WAITING", "DELETED"] as const;
export type StageStateWord = (typeof STAGE_STATES)[number];

/** What a node says of one package that it was told to hold. */
export interface NodePackage {
  readonly plugin: string;
  readonly version: string;
  readonly digest: string;
  readonly state: StageStateWord;
  readonly detail: string;
}

export const RESOURCE_TYPES = ["stage", "route", "chain"] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** What a chain runs of one plugin; `gray`: beside it, for this part of the traffic. */
export interface MarkedEntry {
  readonly plugin: string;
  readonly version: string;
  readonly gray?:
    | { readonly version: string; readonly percentage: number; readonly salt: string }
    | undefined;
}

/** Chains are known by their cluster too: a node that names the hash of another cluster's gets nothing of it. */
export interface NodeChainKey {
  readonly cluster: string;
  /** Of its content. */
  readonly hash: string;
}

/** What a chain that nodes of a cluster have in force, or were sent, is made of. */
export interface NodeChain extends NodeChainKey {
  readonly content: unknown;
}

/**
 * Content of one type that a node should have, was sent or holds: when (wall clock, ms) and as of which tick; 0: the node
 * says that it has it, and it was not made for that node as far as is known.
 */
export interface ResourceMark {
  readonly hash: string;
  readonly tick: number;
  readonly at: number;
  /** Of a chain alone; undefined: not known, as of one that only its hash is known of. */
  readonly entries?: readonly MarkedEntry[] | undefined;
}

/** An entry of a chain that a node could not put in force. */
export interface RefusedEntry {
  readonly plugin: string;
  /** Empty: it named none. */
  readonly version: string;
  /** Of the entry's content. */
  readonly hash: string;
  /** As the node said it. */
  readonly problem: string;
}

/** A hash that a node called invalid, and why. */
export interface Refusal {
  readonly hash: string;
  readonly at: number;
  readonly problems: readonly string[];
  /** Of a chain: those that the node named and nothing else, so that the rest can go on; undefined: it is wrong as a whole. */
  readonly entries?: readonly RefusedEntry[] | undefined;
}

/** How one type of resource stands on one node. */
export interface ResourceStanding {
  /** What it should have; undefined: nothing can be said yet. */
  readonly wanted: ResourceMark | undefined;
  /** What was sent last; once that was refused and is wanted no more, what it has in force. */
  readonly sent: ResourceMark | undefined;
  /** What it has in force. */
  readonly acked: ResourceMark | undefined;
  /** The refusal of what it should have; undefined: it did not refuse that. */
  readonly nacked: Refusal | undefined;
  /**
   * All that it refused since somebody last said retry, the latest last: never sent to it again. A chain too that it was
   * not sent, since it refused entries of it in another one. At most 32.
   */
  readonly refused: readonly Refusal[];
}

/** All that is known of a node at this moment; in memory, flushed in batches, no tick and no audit. */
export interface NodeReport {
  readonly node: string;
  readonly connected: boolean;
  /** Wall clock, ms; undefined: never. */
  readonly lastSeen: number | undefined;
  readonly incarnation: string;
  readonly resources: Readonly<Record<ResourceType, ResourceStanding>>;
  readonly packages: readonly NodePackage[];
  /** Digests of packages that it called INVALID and, since somebody said retry, is to try again: it has not yet heard. */
  readonly again: readonly string[];
  readonly plugins: readonly NodePlugin[];
  /** The latest last; at most 32. */
  readonly failures: readonly NodeFailure[];
  /** `plugins` is what it said before it connected this time: a complete report of this time is still to come. */
  readonly pluginsBefore?: boolean;
}

export const PRESENCES = ["ONLINE", "SUSPECT", "OFFLINE"] as const;
export type Presence = (typeof PRESENCES)[number];
export const SYNC_STATES = ["SYNCED", "PENDING", "STALE", "REJECTED"] as const;
export type SyncState = (typeof SYNC_STATES)[number];

/** A position in a plugin's log, as nodes tell it: nobody else takes it apart. */
export const LOG_POSITION: RegExp = /^[a-z0-9-]{1,100}$/;

/** Bytes of a plugin's log that are read at once, at the most. */
export const LONGEST_TAIL = 4_194_304;
