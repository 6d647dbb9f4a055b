import type { HeaderBlock } from "../../core/headers/header-block.ts";
import type { HeaderEdits } from "../../core/headers/header-edits.ts";
import type { AskTarget } from "./runner.ts";
import type { BlockAnswer, FailureCause, FailurePolicy, Position, Verdict } from "./verdict.ts";

/** What is known of a request when it arrives: entries match on it, once, for both positions. */
export interface RequestFacts {
  readonly id: number;
  /** Wall clock, ms. */
  readonly bizStartAt: number;
  readonly method: string;
  readonly host: string;
  readonly remoteIp: string;
  /** Raw path, without the query. */
  readonly path: string;
  /** The same, percent-decoded where that is unambiguous and without dot segments: what matching uses. */
  readonly normalisedPath: string;
  /** The same with its dot segments, which matching uses as well; undefined where it has none. */
  readonly unresolvedPath: string | undefined;
  readonly query: string;
  readonly headers: HeaderBlock;
}

/** What comes of one position of one exchange. */
export type ChainOutcome =
  /** `skipped`: `NAME;CAUSE` of each plugin for which policy `open` stood in. */
  | { readonly kind: "continue"; readonly edits: HeaderEdits; readonly skipped: readonly string[] }
  | { readonly kind: "block"; readonly plugin: string; readonly answer: BlockAnswer }
  /** A plugin with policy `closed` gave no valid answer: 503. */
  | { readonly kind: "refuse"; readonly plugin: string; readonly cause: FailureCause };

/** One exchange's way through the chain it began with. */
export interface ChainPass {
  /**
   * Runs a position; `done` is called once, perhaps synchronously. Position 1 takes the response's headers and
   * status. Position 0 must be done before position 1 is asked.
   */
  run(position: Position, headers: HeaderBlock, status: number, done: (outcome: ChainOutcome) => void): void;
  /**
   * The exchange is over, however it ended; runs that are under way are cancelled, and plugins in mode `degrade` are
   * asked now unless the chain was through already. Further calls do nothing.
   */
  end(): void;
  /** A plugin has a say in the response: nothing of that may reach the client before position 1 is done. */
  readonly judgesResponse: boolean;
  /** For the access log: each plugin asked so far, with verdict and time. */
  readonly records: readonly PluginRecord[];
}

/** What one plugin did at one position, for access log and metrics. */
export interface PluginRecord {
  readonly target: AskTarget;
  readonly position: Position;
  readonly verdict: Verdict;
  /** Set where the verdict was a failure and traffic depended on it. */
  readonly policy: FailurePolicy | undefined;
  /** Wall time from question to answer, in microseconds. */
  readonly micros: number;
  /** `degrade`: nobody waited. */
  readonly background: boolean;
}

/** The chain in force. Composed once for each applied configuration or reloaded plugin; swapped as one pointer. */
export interface Chain {
  /** No entry can ever apply: the caller need not gather the facts for `begin`. */
  readonly empty: boolean;
  /** Matches the request; undefined when no entry applies, and then nothing needs to be ended. */
  begin(facts: RequestFacts): ChainPass | undefined;
}
