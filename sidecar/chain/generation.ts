import type { AskResult, AskTarget, SegmentCall, SegmentRunner } from "./runner.ts";
import type { FailureCause, Position } from "./verdict.ts";

/**
 * One loaded instance of a plugin version (by digest) with its config, as the chain sees it; plugins/ makes them,
 * one implementation for each runtime.
 */
export interface Generation extends AskTarget {
  /** sha256 of the package, hex: the identity of the code. */
  readonly digest: string;
  readonly positions: readonly Position[];
  /** Consecutive entries whose generations share one runner are one segment: one round trip. */
  readonly runner: SegmentRunner;
  /** Why it cannot be asked at all (`suspended`, `quarantined`, `unreachable`, …); undefined while it can. */
  readonly fault: FailureCause | undefined;
  /** Runs a real question where it can do no harm (the standby host); nobody waits for the verdict. */
  probe(call: SegmentCall, done: (result: AskResult) => void): void;
  /** No longer to be used by what began before: its response position is handed over to the current generation. */
  readonly expired: boolean;
  /** Held by each composed chain that names it: from composing, when it is in force, */
  acquire(): void;
  /** over being superseded, while exchanges that began with that chain may still use it, */
  retire(): void;
  /** to the end of the last of them. The registry unloads a generation that nobody holds. */
  release(): void;
}
