import type { HeaderBlock } from "../../core/headers/header-block.ts";
import type { HeaderEdits } from "../../core/headers/header-edits.ts";
import type { FailurePolicy, Position, Verdict } from "./verdict.ts";

/**
 * What a segment's plugins are shown: the headers as they arrived, what the plugins before them changed, and the
 * facts that become `X-Mesh-*`. One object for each position of an exchange; strings are latin1.
 */
export interface MeshMessage {
  /** The same at both positions. */
  readonly id: number;
  readonly position: Position;
  /** Wall clock, ms: when the request arrived. */
  readonly bizStartAt: number;
  readonly method: string;
  readonly host: string;
  readonly remoteIp: string;
  /** Raw path without the query. */
  readonly path: string;
  /** Raw, without `?`. */
  readonly query: string;
  /** The response's status at position 1, else 0. */
  readonly status: number;
  readonly headers: HeaderBlock;
}

/** One plugin to ask, and what its failure means for those behind it. */
export interface Ask {
  readonly target: AskTarget;
  readonly tag: string;
  readonly failurePolicy: FailurePolicy;
  /** Wall time for this plugin on the sidecar's clock, ms. */
  readonly timeout: number;
}

/** A generation as far as the chain knows it; runners recognise their own. */
export interface AskTarget {
  readonly plugin: string;
  readonly version: string;
  /** Unique in this process, never used again. */
  readonly generation: number;
}

/** What came of one plugin: its verdict and the wall time from its question to its answer, in microseconds. */
export interface AskResult {
  readonly verdict: Verdict;
  readonly micros: number;
}

/**
 * Asks consecutive plugins in one go. `done` is called exactly once, perhaps synchronously, with a result for each
 * plugin that was asked, in order. The results end early, and the rest was not asked, after a block and after a
 * failure of a plugin whose policy is `closed`. Never throws.
 */
export interface SegmentRunner {
  run(segment: SegmentCall, done: (results: readonly AskResult[]) => void): SegmentHandle;
}

export interface SegmentCall {
  readonly message: MeshMessage;
  /** What the chain changed before this segment. */
  readonly edits: HeaderEdits;
  readonly asks: readonly Ask[];
  /**
   * The chain's, on the sidecar's monotonic clock; at the latest then `done` is called. A plugin that it cuts off
   * before its own timeout has failed with cause `chain_deadline`.
   */
  readonly deadline: number;
  /** True for plugins in mode `degrade`: nobody waits, and the work may be dropped when busy. */
  readonly background: boolean;
}

export interface SegmentHandle {
  /** The client is gone: the answer is not wanted, `done` is not called any more. */
  cancel(): void;
}
