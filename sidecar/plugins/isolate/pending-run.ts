import type { Ask, AskResult, SegmentCall, SegmentHandle } from "../../chain/runner.ts";
import type { FailureCause, Verdict } from "../../chain/verdict.ts";
import { failed } from "./host-answer.ts";

/** Who carries a run: a host, as far as a run needs to know it. */
export interface Carrier {
  /** The answer is not wanted any more. */
  forget(id: number): void;
}

/** One way on which a run was sent; first answer wins where there are two. */
export interface Sending {
  /** Of the run on the wire; each sending has its own. */
  readonly id: number;
  readonly run: PendingRun;
  readonly carrier: Carrier;
  /** Indexes of the asks that were sent, in order. */
  readonly picked: readonly number[];
  /** Verdicts of those that were not, as they were known when it was sent. */
  readonly presets: Presets;
  /** Monotonic ms. */
  readonly sentAt: number;
  /** ms within which its plugins must have answered, had they not had to wait. */
  readonly budget: number;
}

/** Verdicts that are known without asking, by index of the ask. */
type Presets = ReadonlyMap<number, Verdict>;

const NONE: Presets = new Map();
const NOBODY: readonly number[] = [];
/** `[0]`, `[0, 1]`, …: the asks of a run of whom nobody is left out, made once for all runs. */
const EVERYBODY: readonly (readonly number[])[] = Array.from({ length: 33 }, (_, length) =>
  Array.from({ length }, (_, index) => index),
);

/** One segment of one exchange on its way through hosts that may die under it, until `done` was called once. */
export class PendingRun implements SegmentHandle {
  readonly call: SegmentCall;
  /** Where it is under way: empty while it waits for a host, two while a late host and the standby race. */
  readonly sendings: Sending[] = [];
  /** How often it was sent, the present sending included. */
  attempts = 0;
  readonly #done: (results: readonly AskResult[]) => void;
  #presets: Presets = NONE;
  /** ms on the CPU by index of the ask, of those that were cut off. */
  #spent: Map<number, number> | undefined;
  #settled = false;

  constructor(call: SegmentCall, done: (results: readonly AskResult[]) => void) {
    this.call = call;
    this.#done = done;
  }

  /** Answered or cancelled: nothing needs to be done for it. */
  get settled(): boolean {
    return this.#settled;
  }

  get presets(): Presets {
    return this.#presets;
  }

  /** Fixes what one ask comes to, for all sendings from now on; the first word stays. */
  preset(index: number, cause: FailureCause, detail: string): void {
    if (!this.#presets.has(index)) this.#presets = new Map(this.#presets).set(index, failed(cause, detail));
  }

  /** Adds what an ask used until it was cut off, ms on the CPU; returns all that it used so. */
  spend(index: number, milliseconds: number): number {
    this.#spent ??= new Map();
    const spent = (this.#spent.get(index) ?? 0) + milliseconds;
    this.#spent.set(index, spent);
    return spent;
  }

  /** The asks that are still to be sent: none of those known, and none behind one that ends the segment. */
  picks(): readonly number[] {
    const { asks } = this.call;
    if (this.#presets.size === 0) return EVERYBODY[asks.length] ?? asks.map((_, index) => index);
    const end = asks.findIndex((ask, index) => endsWith(ask, this.#presets.get(index)));
    const reached = end < 0 ? asks.length : end;
    if (reached === 0) return NOBODY;
    return Array.from({ length: reached }, (_, index) => index).filter((index) => !this.#presets.has(index));
  }

  /**
   * Takes a host's answer to one sending. False: it does not fit the question, so the host is not to be trusted, and
   * the run is as it was.
   */
  answer(sending: Sending, answers: readonly AskResult[]): boolean {
    if (this.#settled) return true;
    const results = assemble(this.call.asks, sending.presets, answers);
    if (results === undefined) return false;
    this.#settle(results);
    return true;
  }

  /** Ends it without (further) asking: whoever has no verdict yet fails for this cause. */
  fail(causeOf: (index: number) => FailureCause, detail: string): void {
    if (this.#settled) return;
    for (let index = 0; index < this.call.asks.length; index++) this.preset(index, causeOf(index), detail);
    this.#settle(assemble(this.call.asks, this.#presets, []) ?? []);
  }

  /** Everybody's verdict is known. */
  finish(): void {
    if (!this.#settled) this.#settle(assemble(this.call.asks, this.#presets, []) ?? []);
  }

  /** It is not under way there any more. */
  drop(sending: Sending): void {
    const at = this.sendings.lastIndexOf(sending);
    if (at < 0) return;
    if (at === this.sendings.length - 1) this.sendings.pop();
    else this.sendings.splice(at, 1);
  }

  cancel(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#forgetAll();
  }

  #settle(results: readonly AskResult[]): void {
    this.#settled = true;
    this.#forgetAll();
    this.#done(results);
  }

  #forgetAll(): void {
    for (const { carrier, id } of this.sendings) carrier.forget(id);
    this.sendings.length = 0;
  }
}

/** Results in the order of the asks, ending where the segment ends; undefined if the host gave too few or too many. */
function assemble(
  asks: readonly Ask[],
  presets: Presets,
  answers: readonly AskResult[],
): readonly AskResult[] | undefined {
  const results: AskResult[] = [];
  let next = 0;
  for (let index = 0; index < asks.length; index++) {
    const preset = presets.get(index);
    const answer = preset === undefined ? answers[next++] : undefined;
    if (preset === undefined && answer === undefined) return undefined;
    const result = answer ?? { verdict: preset as Verdict, micros: 0 };
    results.push(result);
    if (endsWith(asks[index], result.verdict)) break;
  }
  return results;
}

/** Whether those behind this ask are not asked. */
function endsWith(ask: Ask | undefined, verdict: Verdict | undefined): boolean {
  if (verdict?.kind === "block") return true;
  return verdict?.kind === "failed" && ask?.failurePolicy === "closed";
}
