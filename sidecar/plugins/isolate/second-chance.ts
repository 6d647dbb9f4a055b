import type { Clock } from "../../../core/clock.ts";
import type { SegmentCall } from "../../chain/runner.ts";
import type { Load } from "../../plugin-host/protocol/messages.ts";
import { blamed, describeExit } from "./host-exit.ts";
import type { HostNursery } from "./host-nursery.ts";
import { PendingRun } from "./pending-run.ts";
import type { PluginHost } from "./plugin-host.ts";

/** What a generation did when it was tried once more, alone. */
export type Trial =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly detail: string }
  /** Scratch hosts ended for other reasons. */
  | { readonly kind: "inconclusive" };

export interface TrialCase {
  readonly load: Load;
  /** What it had been asked when the host died; any of these may have been what killed it. */
  readonly questions: readonly SegmentCall[];
  /** ms for which it is watched afterwards, for bombs in timers. */
  readonly watch: number;
}

const MAX_TRIES = 3;
/** Of the questions that were under way when the host died this many are asked again. */
const MAX_QUESTIONS = 16;
/** Beyond a question's own timeout. */
const GRACE = 1_000;

/**
 * Tries a generation that brought a host down on a scratch host, which holds nothing else and is thrown away. One
 * trial at a time, so that a bad day does not fill the machine with hosts.
 */
export class SecondChance {
  readonly #nursery: HostNursery;
  readonly #sendTo: (run: PendingRun, host: PluginHost) => void;
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();

  constructor(nursery: HostNursery, sendTo: (run: PendingRun, host: PluginHost) => void, clock: Clock) {
    this.#nursery = nursery;
    this.#sendTo = sendTo;
    this.#clock = clock;
  }

  /** Never rejects. */
  give(trial: TrialCase): Promise<Trial> {
    const result = this.#last.then(() => this.#tryOften(trial));
    this.#last = result;
    return result;
  }

  async #tryOften(trial: TrialCase): Promise<Trial> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const result = await this.#try(trial);
      if (result.kind !== "inconclusive") return result;
    }
    return { kind: "inconclusive" };
  }

  async #try({ load, questions, watch }: TrialCase): Promise<Trial> {
    let host: PluginHost;
    try {
      host = this.#nursery.spawn();
    } catch {
      return { kind: "inconclusive" };
    }
    try {
      if ((await host.started) !== undefined) return { kind: "inconclusive" };
      const outcome = await host.load(load);
      if (outcome.kind === "failed") return { kind: "failed", detail: outcome.failure.detail };
      for (const question of questions.slice(0, MAX_QUESTIONS))
        if (!(await this.#ask(host, question)))
          return { kind: "failed", detail: "it did not answer in a scratch host" };
      if (watch > 0) await this.#watch(host, watch);
      if (host.loads.has(load.generation)) return { kind: "passed" };
      const exit = await host.ended;
      if (blamed(exit) !== load.generation) return { kind: "inconclusive" };
      return { kind: "failed", detail: `it brought down a scratch host as well: ${describeExit(exit)}` };
    } finally {
      host.kill("retired");
    }
  }

  /** Whatever it answers is right. False: it does not, and the host lives on. */
  async #ask(host: PluginHost, question: SegmentCall): Promise<boolean> {
    const answered = Promise.withResolvers<boolean>();
    const run = new PendingRun(question, () => answered.resolve(true));
    this.#sendTo(run, host);
    const timeout = question.asks.reduce((sum, ask) => sum + ask.timeout, GRACE);
    using _ = this.#clock.after(timeout, () => answered.resolve(false));
    const outcome = await Promise.race([answered.promise, host.ended]);
    run.cancel();
    return outcome !== false;
  }

  /** Until it ended, or is seen to be well behind the time: on a busy machine a bomb that went off takes long to kill. */
  async #watch(host: PluginHost, milliseconds: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    using _ = this.#clock.after(milliseconds, () => over.resolve());
    await Promise.race([over.promise, host.ended]);
    await Promise.race([host.answersPing(), host.ended]);
  }
}
