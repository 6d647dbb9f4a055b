import { performance } from "node:perf_hooks";

import type { Isolate, Reference } from "isolated-vm";

import { messageOf } from "../../core/errors.ts";
import type { CpuMeter } from "./cpu-meter.ts";
import { PREEMPTION_SLACK } from "./limits.ts";
import type { BreadcrumbWriter } from "./protocol/breadcrumb.ts";
import type { Failure } from "./protocol/messages.ts";
import type { EntryValue } from "./world/world.ts";

/** What came of an entry. */
export interface EntryOutcome {
  /** Undefined when it was cut off. */
  readonly value: EntryValue | undefined;
  /** Milliseconds on the CPU. */
  readonly ms: number;
  /** It was cut off, used more than its budget, or ended the isolate. */
  readonly failure: Failure | undefined;
  /** A rejection that nobody handled, which stands in the way of the value. */
  readonly stray: string | undefined;
}

/** A function of the world. */
export type EntryPoint = Reference<(...args: (string | number)[]) => EntryValue>;

/** What isolated-vm throws when the deadline ended an entry. */
const TIMED_OUT = "Script execution timed out.";

/**
 * The only way into an isolate: always under a deadline, always with the breadcrumb written, always with primitives
 * in and out. isolated-vm runs microtasks before the deadline is lifted (probed), so that what follows an `await` in
 * an entry is bounded with it.
 */
export class Entrance {
  readonly #isolate: Isolate;
  readonly #generation: number;
  readonly #breadcrumb: BreadcrumbWriter;
  readonly #meter: CpuMeter;

  constructor(isolate: Isolate, generation: number, breadcrumb: BreadcrumbWriter, meter: CpuMeter) {
    this.#isolate = isolate;
    this.#generation = generation;
    this.#breadcrumb = breadcrumb;
    this.#meter = meter;
  }

  /** The isolate is gone, for good. */
  get lost(): boolean {
    return this.#isolate.isDisposed;
  }

  /** Calls a function of the world with at most `budget` ms on the CPU. */
  enter(point: EntryPoint, args: (string | number)[], budget: number): EntryOutcome {
    const began = this.#begin();
    let value: EntryValue;
    try {
      value = point.applySync(undefined, args, { timeout: deadline(budget) });
    } catch (thrown) {
      return this.#thrown(thrown, began, budget);
    }
    const ms = performance.now() - began;
    if (ms <= budget) return { value, ms, failure: undefined, stray: undefined };
    const spent = this.#meter.spent(began);
    return { value, ms: spent, failure: spent > budget ? overrun(budget) : undefined, stray: undefined };
  }

  /** Anything else that runs in the isolate: evaluating a script. */
  run(action: (options: { readonly timeout: number }) => void, budget: number): EntryOutcome {
    const began = this.#begin();
    try {
      action({ timeout: deadline(budget) });
    } catch (thrown) {
      return this.#thrown(thrown, began, budget);
    }
    const ms = performance.now() - began;
    return { value: undefined, ms, failure: undefined, stray: undefined };
  }

  #begin(): number {
    this.#breadcrumb.enter(this.#generation);
    const now = performance.now();
    this.#meter.begin(now);
    return now;
  }

  #thrown(thrown: unknown, began: number, budget: number): EntryOutcome {
    const ms = this.#meter.spent(began);
    const message = messageOf(thrown);
    if (this.lost) return { value: undefined, ms, failure: lossOf(message), stray: undefined };
    // A plugin may leave a rejection with just this message: the deadline must have passed to be believed.
    const cutOff = message === TIMED_OUT && performance.now() - began >= deadline(budget) - 1;
    if (!cutOff) {
      return { value: undefined, ms, failure: ms > budget ? overrun(budget) : undefined, stray: message };
    }
    // With less than its budget nobody can tell a loop from one that was kept waiting: the sidecar asks it again, and
    // adds up what it used.
    const failure: Failure =
      ms >= budget
        ? overrun(budget)
        : { cause: "host_busy", detail: `cut off after ${ms.toFixed(1)} ms on the CPU: the machine is busy` };
    return { value: undefined, ms, failure, stray: undefined };
  }
}

/** Whole milliseconds of wall time, as isolated-vm wants it: more than the budget, since others want the CPU too. */
function deadline(budget: number): number {
  return Math.ceil(2 * budget + PREEMPTION_SLACK);
}

function overrun(budget: number): Failure {
  return { cause: "cpu", detail: `more than ${budget.toFixed(1)} ms on the CPU` };
}

function lossOf(message: string): Failure {
  const cause = message.includes("memory limit") ? "memory" : "crash";
  return { cause, detail: cause === "memory" ? "the isolate outgrew its memory limit" : message };
}
