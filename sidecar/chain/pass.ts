import type { HeaderBlock } from "../../core/headers/header-block.ts";
import { NO_EDITS, type HeaderEdits } from "../../core/headers/header-edits.ts";
import type { Note } from "./background.ts";
import { entryInForce, probeIfDue, type ChainRuntime } from "./chain-runtime.ts";
import type { ChainOutcome, ChainPass, PluginRecord, RequestFacts } from "./chain.ts";
import { skippedMarker } from "./failure-policy.ts";
import type { GenerationHold } from "./generation-hold.ts";
import { obstacle, type LiveEntry, type LoadedEntry } from "./live-entry.ts";
import type { Plan } from "./plan.ts";
import type { AskResult, MeshMessage, SegmentHandle } from "./runner.ts";
import { segmentsOf, type Segment, type Turn } from "./segment.ts";
import type { FailureCause, Position, Verdict } from "./verdict.ts";

const NO_RESULTS: readonly AskResult[] = [];
const NO_MARKERS: readonly string[] = [];
const UNCHANGED: ChainOutcome = { kind: "continue", edits: NO_EDITS, skipped: NO_MARKERS };
const OVERDUE: AskResult = failed("chain_deadline", "the chain's deadline passed before it was asked");
// Without this an enforcing plugin that its runtime forgot would count as one that allowed.
const MISSING: AskResult = failed("invalid_answer", "the runtime gave no result");

/** What a pass takes from the chain that it belongs to. */
export interface PassContext {
  readonly runtime: ChainRuntime;
  readonly hold: GenerationHold;
  readonly deadlines: readonly [request: number, response: number];
}

/** One exchange's way through the plan that it matched. Segments run one after another; see `ChainPass`. */
export class Pass implements ChainPass {
  readonly records: PluginRecord[] = [];
  readonly #context: PassContext;
  readonly #plan: Plan;
  readonly #facts: RequestFacts;
  #position: Position = 0;
  #message: MeshMessage | undefined;
  #segments: readonly Segment[] = [];
  /** The segment that is to be run next; the one before it is under way. */
  #next = 0;
  #edits: HeaderEdits = NO_EDITS;
  #skipped: readonly string[] = NO_MARKERS;
  #deadline = 0;
  #done: ((outcome: ChainOutcome) => void) | undefined;
  #handle: SegmentHandle | undefined;
  #notes: Note[] | undefined;
  /** Plugins whose gray version could not answer: for the rest of this exchange the one beside it does. */
  #returned: readonly string[] = NO_MARKERS;
  #ended = false;

  constructor(context: PassContext, plan: Plan, facts: RequestFacts) {
    this.#context = context;
    this.#plan = plan;
    this.#facts = facts;
  }

  get judgesResponse(): boolean {
    return this.#plan.judgesResponse;
  }

  run(position: Position, headers: HeaderBlock, status: number, done: (outcome: ChainOutcome) => void): void {
    const segments = this.#plan.segments[position];
    this.#position = position;
    this.#done = done;
    if (segments.length === 0) return this.#finish(UNCHANGED);
    this.#message = messageOf(this.#facts, position, headers, status);
    this.#segments = segments;
    this.#next = 0;
    this.#edits = NO_EDITS;
    this.#skipped = NO_MARKERS;
    this.#deadline = this.#context.runtime.clock.now() + this.#context.deadlines[position];
    this.#proceed(this.#message);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#done = undefined;
    this.#handle?.cancel();
    this.#handle = undefined;
    const { runtime, hold } = this.#context;
    if (this.#notes === undefined) return hold.leave();
    runtime.background.ask(this.#notes, runtime, () => hold.leave());
  }

  /** Runs segments until one has to be waited for or the position has its outcome. */
  #proceed(message: MeshMessage): void {
    for (;;) {
      const segment = this.#segments[this.#next];
      if (segment === undefined) return this.#finish(this.#continued());
      if (!segment.checked && (this.#returned.length > 0 || !allUsable(segment))) {
        this.#segments = [...this.#recheck(segment, message), ...this.#segments.slice(this.#next + 1)];
        this.#next = 0;
        continue;
      }
      this.#next++;
      if (segment.runner !== undefined && this.#context.runtime.clock.now() < this.#deadline)
        return this.#ask(segment, message);
      if (!this.#settle(segment, message, NO_RESULTS, OVERDUE)) return;
    }
  }

  #ask(segment: Segment, message: MeshMessage): void {
    if (segment.runner === undefined) return;
    this.#context.runtime.observer.roundTrip(this.#position, segment.asks.length);
    const call = {
      message,
      edits: this.#edits,
      asks: segment.asks,
      deadline: this.#deadline,
      background: false,
    };
    let answered = false;
    const handle = segment.runner.run(call, (results) => {
      answered = true;
      this.#handle = undefined;
      if (!this.#ended && this.#settle(segment, message, results, MISSING)) this.#proceed(message);
    });
    // Answered synchronously: another segment may be under way already, and its handle is not to be lost.
    if (!answered) this.#handle = handle;
  }

  /** Takes the turns of a segment in order; false when the position has its outcome. */
  #settle(
    segment: Segment,
    message: MeshMessage,
    results: readonly AskResult[],
    missing: AskResult,
  ): boolean {
    let next = 0;
    for (const turn of segment.turns) {
      if (turn.kind === "note") {
        (this.#notes ??= []).push({ entry: turn.entry, message, edits: this.#edits });
        continue;
      }
      if (turn.kind === "probe") {
        probeIfDue(turn.entry, message, this.#edits, this.#context.runtime);
        continue;
      }
      const result = turn.kind === "ask" ? (results[next++] ?? missing) : failed(turn.cause, "not asked");
      if (turn.kind === "ask") turn.entry.breaker.record(result.verdict);
      if (!this.#judge(turn.entry, result)) return false;
    }
    return true;
  }

  #judge(entry: LiveEntry, { verdict, micros }: AskResult): boolean {
    this.#record(entry, verdict, micros);
    if (verdict.kind === "failed") return this.#standIn(entry, verdict.cause);
    if (verdict.kind === "block") {
      this.#finish({ kind: "block", plugin: entry.target.plugin, answer: verdict.answer });
      return false;
    }
    if (verdict.kind === "rewrite") this.#edits = entry.merge.of(this.#edits, verdict.edits);
    return true;
  }

  /** The one rule for every cause. */
  #standIn({ entry, target }: LiveEntry, cause: FailureCause): boolean {
    if (entry.failurePolicy === "open") {
      this.#skipped = [...this.#skipped, skippedMarker(target.plugin, cause)];
      return true;
    }
    this.#finish({ kind: "refuse", plugin: target.plugin, cause });
    return false;
  }

  #record({ entry, target }: LiveEntry, verdict: Verdict, micros: number): void {
    const policy = verdict.kind === "failed" ? entry.failurePolicy : undefined;
    const record = { target, position: this.#position, verdict, policy, micros, background: false };
    this.records.push(record);
    this.#context.runtime.observer.asked(record);
  }

  /** The segment anew, as things are: expired generations replaced, plugins that cannot answer stood in for. */
  #recheck(segment: Segment, message: MeshMessage): Segment[] {
    const turns: Turn[] = [];
    for (const turn of segment.turns) {
      if (turn.kind !== "ask") turns.push(turn);
      else turns.push(...this.#askedNow(turn.entry, message));
    }
    return segmentsOf(turns, true);
  }

  #askedNow(began: LoadedEntry, message: MeshMessage): Turn[] {
    const { runtime } = this.#context;
    if (began.base !== undefined && this.#returned.includes(began.target.plugin))
      return this.#baseNow(began.base, message);
    const entry = entryInForce(began, this.#position, runtime);
    if (entry === undefined) return [];
    if (entry.kind === "unloaded") return this.#inPlaceOf(entry, entry.cause, message);
    const cause = obstacle(entry);
    if (cause === undefined) return [{ kind: "ask", entry }];
    if (cause === "tripped") probeIfDue(entry, message, this.#edits, runtime);
    return this.#inPlaceOf(entry, cause, message);
  }

  /** Who cannot answer: a gray version's share goes to the one beside it, and only then the policy answers. */
  #inPlaceOf(entry: LiveEntry, cause: FailureCause, message: MeshMessage): Turn[] {
    if (entry.base === undefined) return [{ kind: "stand_in", entry, cause }];
    this.#returned = [...this.#returned, entry.target.plugin];
    return this.#baseNow(entry.base, message);
  }

  #baseNow(base: LiveEntry, message: MeshMessage): Turn[] {
    if (!base.positions.includes(this.#position)) return [];
    if (base.kind === "loaded") return this.#askedNow(base, message);
    return [{ kind: "stand_in", entry: base, cause: base.cause }];
  }

  #continued(): ChainOutcome {
    if (this.#edits.length + this.#skipped.length === 0) return UNCHANGED;
    return { kind: "continue", edits: this.#edits, skipped: this.#skipped };
  }

  #finish(outcome: ChainOutcome): void {
    const done = this.#done;
    // Looked at before `done`, which may run position 1 at once.
    const wasLast = this.#position === 1 || outcome.kind !== "continue";
    this.#done = undefined;
    done?.(outcome);
    // No plugin will be asked any more, however long the body flows: a stream must not keep its generations loaded.
    if (wasLast) this.end();
  }
}

function allUsable({ turns }: Segment): boolean {
  for (const turn of turns)
    if (turn.kind === "ask" && (turn.entry.generation.expired || obstacle(turn.entry) !== undefined))
      return false;
  return true;
}

function messageOf(
  facts: RequestFacts,
  position: Position,
  headers: HeaderBlock,
  status: number,
): MeshMessage {
  const { id, bizStartAt, method, host, remoteIp, path, query } = facts;
  return { id, position, bizStartAt, method, host, remoteIp, path, query, status, headers };
}

function failed(cause: FailureCause, detail: string): AskResult {
  return { verdict: { kind: "failed", cause, detail }, micros: 0 };
}
