/** A node's name and the secret of its token. */
export interface NodeToken {
  readonly node: string;
  readonly secret: string;
}

/** What the bench asks a process of nodes, one question at a time. */
export type Question =
  | { readonly kind: "connect"; readonly push: number; readonly nodes: readonly NodeToken[] }
  /** What came since it was asked last. */
  | { readonly kind: "received" };

export interface Received {
  /** Resources of any type. */
  readonly resources: number;
  /** Packages that were downloaded. */
  readonly downloads: number;
  /** Downloads that failed and were tried again. */
  readonly failedDownloads: number;
  /** Chains that nodes acknowledged: as of which tick, and when (wall clock, ms). */
  readonly chains: readonly { readonly node: string; readonly tick: number; readonly at: number }[];
}
