import type { HeaderEdits } from "../../core/headers/header-edits.ts";

export { POSITION_NAMES, POSITIONS, type Position, type PositionName } from "../../core/position.ts";
export type { FailurePolicy } from "../../core/failure-policy.ts";

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
