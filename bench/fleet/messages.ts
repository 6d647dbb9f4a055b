/** What the bench asks the control plane's process, and what it answers; one question at a time. */
export type Question =
  /** Answers when so many nodes are SYNCED. */
  | { readonly kind: "synced"; readonly nodes: number }
  /** One change, then answers when every node has acknowledged it: another chain, or another version first staged. */
  | { readonly kind: "change"; readonly what: "chain" | "release" }
  /** What the process has used so far. */
  | { readonly kind: "usage" }
  | { readonly kind: "goodbye" };

export type Answer =
  /** `seconds`: since the process listened. */
  | { readonly kind: "synced"; readonly seconds: number }
  /** Milliseconds from the change to each node's acknowledgement. */
  | { readonly kind: "change"; readonly milliseconds: readonly number[] }
  | { readonly kind: "usage"; readonly usage: Usage }
  | { readonly kind: "goodbye" };

export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Longest time in which the event loop did not turn since the last question, ms. */
  readonly longestTurn: number;
  readonly streams: number;
  /** Streams refused since so many were connecting. */
  readonly refused: number;
  readonly sent: number;
}
