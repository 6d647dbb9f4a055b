import type { Node, NodeReport, Presence, SyncState } from "../model/node.ts";

/** A node's record with what it reported last. */
export interface KnownNode {
  readonly node: Node;
  readonly report: NodeReport;
}

/** How far nodes are; those that are OFFLINE do not count into `pending` and `rejected`, nor against `converged`. */
export interface Convergence {
  readonly nodes: number;
  readonly online: number;
  readonly synced: number;
  readonly pending: number;
  /** REJECTED, and what they should have now is what they refuse: they have nothing else to answer. */
  readonly rejected: number;
  /** Every node that is not OFFLINE is SYNCED. */
  readonly converged: boolean;
}

/**
 * What nodes said, as of now: from memory, so it costs nothing to ask. What a node said last is still here after a
 * restart of the control plane, as `connected: false`.
 */
export interface NodeReports {
  get(node: string): KnownNode | undefined;
  /** Of one cluster, or all; in the order of their ids. */
  list(cluster?: string): readonly KnownNode[];
  /** Computed when asked; OFFLINE for a node that nobody knows. */
  presence(node: string): Presence;
  /** Computed when asked; STALE for a node that is not connected or that nobody knows. */
  sync(node: string): SyncState;
  /** Of one cluster, or of all nodes. */
  convergence(cluster?: string): Convergence;
  /**
   * False until two report intervals after the start: until then a node that is missed may only not have spoken yet,
   * and nothing may be taken away because of it.
   */
  readonly settled: boolean;
  /**
   * Hears of each node whose presence, standing, packages or plugins changed (heartbeats that say nothing new are
   * not told), one call a change, from within whatever changed it: do little, or later.
   */
  onChange(listener: (node: string) => void): Disposable;
  /**
   * A person says retry: what the node refused may be sent to it again, and packages that it called INVALID are tried
   * again. Nothing where nothing was refused.
   */
  retry(node: string): void;
  /** The record was deleted: so is what it said. */
  forget(node: string): void;
}
