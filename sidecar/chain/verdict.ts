import type { HeaderEdits } from "../../core/headers/header-edits.ts";

/** 0 = request phase, 1 = response phase: the seeds' numbers, kept on every wire. */
export const POSITIONS = [0, 1] as const;
export type Position = (typeof POSITIONS)[number];
export const POSITION_NAMES = ["request", "response"] as const;
export type PositionName = (typeof POSITION_NAMES)[number];

export const FAILURE_POLICIES = ["open", "closed"] as const;
/** What stands in for a plugin that gave no valid answer: `open` goes on, `closed` answers 503. */
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];

/** Why a plugin gave no valid answer. One policy covers them all; metrics and logs tell them apart. */
export const FAILURE_CAUSES = [
  "not_loaded",
  "timeout",
  "cpu",
  "memory",
  "throw",
  "crash",
  "invalid_answer",
  "queue_full",
  "host_busy",
  "host_gone",
  "unreachable",
  "chain_deadline",
  "tripped",
  "suspended",
  "quarantined",
] as const;
export type FailureCause = (typeof FAILURE_CAUSES)[number];

/** An answer that the sidecar gives in place of the app's. */
export interface BlockAnswer {
  /** 200–599. */
  readonly status: number;
  readonly headers: HeaderEdits;
  readonly body: Buffer;
}

/** What one plugin said at one position of one exchange. */
export type Verdict =
  | { readonly kind: "allow" }
  | { readonly kind: "rewrite"; readonly edits: HeaderEdits }
  | { readonly kind: "block"; readonly answer: BlockAnswer }
  | { readonly kind: "failed"; readonly cause: FailureCause; readonly detail: string };

export const ALLOW: Verdict = { kind: "allow" };
