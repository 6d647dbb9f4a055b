import type { Isolate } from "isolated-vm";

import { BackgroundBudget } from "./background-budget.ts";
import { Batch, type Ask, type BatchParts } from "./batch.ts";
import { Effects, type HostLink } from "./effects.ts";
import { readOutput, type OutputReceiver } from "./entry-output.ts";
import { ALLOWED_ANSWER, answerOfFailure, checkedAnswer, failedAnswer, timed } from "./entry-result.ts";
import type { BatchMessages } from "./batch-messages.ts";
import type { Entrance, EntryOutcome, EntryPoint } from "./entrance.ts";
import type { EntryPoints } from "./isolate-world.ts";
import { MAX_STRAYS } from "./limits.ts";
import { Pace } from "./pace.ts";
import { AnswerEditsReader } from "./protocol/edits-text.ts";
import type { EntryResult, Failure, KeyValueChanges } from "./protocol/messages.ts";
import { Questions, type Question, type Waiter } from "./questions.ts";
import type { SourcePlaces } from "./source-places.ts";
import { storeText } from "./store-text.ts";
import { partsOf } from "./text-parts.ts";
import { FieldError } from "./world/fields.ts";
import { MAX_ERROR_TEXT, MAX_LOG_LINE } from "./world/limits.ts";

/** Numbers that an entry returns; world/world.ts says what they mean. */
const PENDING = 1;
const TOO_LARGE = 2;
const DESTROY = 2;
const INIT = 1;

/** Milliseconds. */
export interface Budgets {
  /** On the CPU, and on the wall, for one question. */
  readonly cpu: number;
  readonly timeout: number;
  /** The same for `init`, the smoke call and `destroy`, each. */
  readonly hookCpu: number;
  readonly hookTimeout: number;
}

export interface GenerationParts {
  readonly id: number;
  readonly isolate: Isolate;
  readonly points: EntryPoints;
  readonly entrance: Entrance;
  readonly budgets: Budgets;
  readonly link: HostLink;
  readonly messages: BatchMessages;
  readonly places: SourcePlaces;
}

/** One loaded plugin: its isolate, what it is asked, what it does to the world. */
export class Generation {
  readonly id: number;
  readonly #isolate: Isolate;
  readonly #points: EntryPoints;
  readonly #entrance: Entrance;
  readonly #budgets: Budgets;
  readonly #link: HostLink;
  readonly #questions = new Questions();
  readonly #background = new BackgroundBudget();
  readonly #pace: Pace;
  readonly #batchParts: BatchParts;
  readonly #effects: Effects;
  readonly #receiver: OutputReceiver;
  /** Changes of the store that the isolate was not told yet. */
  #news = "";
  #sweeping = false;
  /** There was an entry since the sweep was asked for: it looked itself. */
  #looked = false;
  /** The questions that are being asked together. */
  #batch: Batch | undefined;
  /** Failures in the output that is being read, of what no question waits for. */
  #strays = 0;
  /** Why it cannot be asked any more. */
  #ended: Failure | undefined;

  constructor(parts: GenerationParts) {
    this.id = parts.id;
    this.#isolate = parts.isolate;
    this.#points = parts.points;
    this.#entrance = parts.entrance;
    this.#budgets = parts.budgets;
    this.#link = parts.link;
    this.#effects = new Effects(parts.id, parts.link, {
      timer: (id, owner) => this.#wake(parts.points.timer, [id, owner], owner),
      fetched: (id, owner, answer) =>
        this.#wake(parts.points.fetched, [id, owner, ...partsOf(answer)], owner),
      debt: () => this.#background.debt,
      waitedFor: (owner) => this.#questions.waiting(owner) !== undefined,
    });
    this.#receiver = this.#makeReceiver(parts.places);
    this.#pace = new Pace(parts.budgets.cpu);
    this.#batchParts = {
      entrance: parts.entrance,
      points: parts.points,
      messages: parts.messages,
      questions: this.#questions,
      pace: this.#pace,
      budget: parts.budgets.cpu,
      absorb: (outcome) => this.#absorb(this.#withoutStray(outcome), undefined),
      askOne: (ask) => this.ask(ask),
      letWait: (question) => this.#letWait(question),
    };
  }

  /** Why it was lost, or undefined while it can be asked. */
  get ended(): Failure | undefined {
    return this.#ended;
  }

  /** Asks `execute`; undefined: the waiter is told later. */
  ask(ask: Ask): EntryResult | undefined {
    if (this.#ended !== undefined) return timed(failedAnswer("not_loaded", this.#ended.detail), 0, 0);
    if (this.#questions.full) return timed(failedAnswer("queue_full", "too many questions wait"), 0, 0);
    if (this.#news !== "") this.#tellNews();
    const question = this.#questions.begin(ask.waiter, this.#budgets.cpu);
    const { message, edits, tag } = ask;
    const args = [question.id, edits, tag, ...partsOf(message)];
    const result = this.#put(question, this.#points.ask, args, this.#budgets.timeout);
    this.#pace.took(question.cpu);
    return result;
  }

  /** Asks in as few entries as is safe; every waiter is told, now or later. */
  askMany(asks: readonly Ask[]): void {
    for (let at = 0; at < asks.length;) {
      const size = this.#ended === undefined && !this.#questions.full ? this.#pace.batch : 1;
      if (size === 1) this.#askOne(asks[at]);
      else this.#askBatch(asks.slice(at, at + size));
      at += size;
    }
  }

  #askOne(ask: Ask | undefined): void {
    if (ask === undefined) return;
    const result = this.ask(ask);
    if (result !== undefined) ask.waiter.answered(result);
  }

  #askBatch(asks: readonly Ask[]): void {
    if (this.#news !== "") this.#tellNews();
    this.#batch = new Batch(asks, this.#batchParts);
    this.#batch.run();
    this.#batch = undefined;
    this.#sweepSoon();
  }

  /** Runs `init`, whose entry point the linked plugin has. */
  async init(begin: EntryPoint): Promise<Failure | undefined> {
    return await this.#callHook(begin, () => [], INIT);
  }

  /** The question that shows whether it can answer; what it writes to the store is undone. */
  async smoke(message: string, tag: string): Promise<Failure | undefined> {
    let id = 0;
    const failure = await this.#callHook(this.#points.rehearse, (given) => [(id = given), message, tag]);
    if (this.#ended === undefined) this.#enter(this.#points.forget, [id], undefined);
    return failure ?? this.#ended;
  }

  /** Runs `destroy` and gives everything back; the failure is that of `destroy`. */
  async end(): Promise<Failure | undefined> {
    if (this.#ended !== undefined) return undefined;
    const failure = await this.#callHook(this.#points.end, () => [], DESTROY);
    this.dispose();
    return failure;
  }

  /** Gives everything back at once; who still waits is answered. */
  dispose(): void {
    if (this.#ended === undefined) this.#stop({ cause: "not_loaded", detail: "the generation was unloaded" });
    if (!this.#entrance.lost) this.#entrance.run(() => this.#isolate.dispose(), this.#budgets.hookCpu);
  }

  /** Nobody waits any more for what this waiter asked. */
  abandon(waiter: Waiter): void {
    const id = this.#questions.abandonWaiter(waiter);
    if (id !== undefined && this.#ended === undefined) this.#enter(this.#points.forget, [id], undefined);
  }

  /** Its host is not a standby any more. */
  hasten(): void {
    this.#effects.hasten();
  }

  /** Takes over what was written to the plugin's store elsewhere, with the next entry. */
  synchronise(changes: KeyValueChanges): void {
    this.#news += storeText(changes.set, changes.deleted);
    this.#sweepSoon();
  }

  /** Looks for what happened after the last entry returned, unless entries follow each other anyway. */
  sweep(): void {
    this.#sweeping = false;
    if (this.#ended !== undefined) return;
    if (this.#news !== "") this.#tellNews();
    else if (this.#looked) this.#sweepSoon();
    else this.#enter(this.#points.collect, [], undefined);
  }

  #tellNews(): void {
    const news = this.#news;
    this.#news = "";
    this.#enter(this.#points.synchronise, partsOf(news), undefined);
  }

  async #callHook(
    point: EntryPoint,
    args: (id: number) => (string | number)[],
    hook?: number,
  ): Promise<Failure | undefined> {
    return await new Promise((resolve) => {
      const waiter: Waiter = { answered: ({ failure }) => resolve(failure) };
      const question = this.#questions.begin(waiter, this.#budgets.hookCpu, hook);
      const result = this.#put(question, point, args(question.id), this.#budgets.hookTimeout);
      if (result !== undefined) resolve(result.failure);
    });
  }

  /** Enters with a question that was begun; undefined when it has to wait. */
  #put(
    question: Question,
    point: EntryPoint,
    args: (string | number)[],
    timeout: number,
  ): EntryResult | undefined {
    const value = this.#enter(point, args, question);
    if (!isPending(value)) this.#sweepSoon();
    else if (question.answer === undefined) {
      // What followed an `await` in that entry ran after the entry had returned.
      this.#enter(this.#points.collect, [], question);
      if (question.answer === undefined) {
        this.#pace.waits();
        this.#questions.wait(question, timeout, (id) => this.#giveUp(id));
        return undefined;
      }
    }
    return this.#questions.settled(question, ALLOWED_ANSWER);
  }

  /** As `#put` does, for one of several. */
  #letWait(question: Question): void {
    if (this.#ended === undefined) this.#enter(this.#points.collect, [], question);
    if (this.#questions.open(question.id))
      this.#questions.wait(question, this.#budgets.timeout, (id) => this.#giveUp(id));
  }

  /** A timer's time has come, or a fetch was answered. */
  #wake(point: EntryPoint, args: (string | number)[], owner: number): void {
    if (this.#ended !== undefined) return;
    this.#enter(point, args, this.#questions.waiting(owner));
    if (this.#ended === undefined) this.#enter(this.#points.collect, [], this.#questions.waiting(owner));
  }

  #giveUp(id: number): void {
    if (this.#ended === undefined) this.#enter(this.#points.forget, [id], undefined);
    this.#link.turn();
  }

  #sweepSoon(): void {
    this.#looked = this.#sweeping;
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#link.sweepSoon(this);
  }

  /** One entry, paid by a question or else by what the generation may use for nobody. */
  #enter(
    point: EntryPoint,
    args: (string | number)[],
    question: Question | undefined,
  ): EntryOutcome["value"] {
    const budget = question === undefined ? this.#budgets.cpu : Math.max(1, question.budget - question.cpu);
    const entered = this.#entrance.enter(point, args, budget);
    this.#charge(entered.ms, question);
    const outcome = this.#withoutStray(entered);
    this.#absorb(outcome, question);
    return outcome.value;
  }

  /** A rejection that nobody handled was thrown in place of what the entry returned, which is asked for again. */
  #withoutStray(outcome: EntryOutcome): EntryOutcome {
    if (outcome.stray === undefined) return outcome;
    this.#effects.log("error", `a promise was rejected and nobody handled it: ${outcome.stray}`);
    const again = this.#entrance.enter(this.#points.repeat, [], this.#budgets.cpu);
    // Leaving a rejection behind buys nobody time.
    return { ...again, failure: outcome.failure ?? again.failure };
  }

  #charge(ms: number, question: Question | undefined): void {
    if (question === undefined) this.#background.spend(ms);
    else question.cpu += ms;
  }

  #absorb({ value, failure }: EntryOutcome, question: Question | undefined): void {
    // First, so that an answer that took too long does not count.
    const lost = failure !== undefined && this.#entrance.lost;
    if (failure !== undefined && !(lost && question === undefined)) this.#fail(question, failure);
    if (typeof value === "string") this.#read(value, question);
    // Nothing at all is no answer either: nobody is taken for allowed who did not say so.
    else if (failure === undefined && (value === undefined || value >= TOO_LARGE))
      this.#fail(question, NONSENSE);
    this.#effects.flush();
    this.#questions.deliver();
    if (lost) this.#lose(failure);
  }

  #read(value: string, question: Question | undefined): void {
    this.#strays = 0;
    try {
      readOutput(isPending(value) ? value.slice(1) : value, this.#receiver);
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      this.#fail(question, NONSENSE);
    }
  }

  #fail(question: Question | undefined, failure: Failure): void {
    if (question !== undefined && this.#questions.open(question.id))
      this.#questions.answer(question.id, answerOfFailure(failure));
    else this.#link.send({ kind: "fault", generation: this.id, failure, lost: false });
  }

  #lose(failure: Failure): void {
    if (this.#ended !== undefined) return;
    this.#stop({ cause: failure.cause, detail: `the isolate is gone: ${failure.detail}` });
    this.#link.send({ kind: "fault", generation: this.id, failure, lost: true });
  }

  #stop(failure: Failure): void {
    this.#ended = failure;
    this.#effects.end();
    this.#questions.failAll(failure);
  }

  #makeReceiver(places: SourcePlaces): OutputReceiver {
    const effects = this.#effects;
    const questions = this.#questions;
    const edits = new AnswerEditsReader();
    return {
      answered: (id, httpCode, text, body) => {
        // One long answer may be referred to thousands of times: it is only made for those that wait for it.
        if (questions.open(id)) questions.answer(id, checkedAnswer(httpCode, edits.read(text), body));
      },
      failed: (id, cause, text) => {
        const detail = places.readable(text.slice(0, MAX_ERROR_TEXT)).slice(0, MAX_ERROR_TEXT);
        if (questions.open(id)) return questions.answer(id, failedAnswer(cause, detail));
        if (++this.#strays > MAX_STRAYS) throw new FieldError("too many failures of nobody's");
        effects.log("error", detail);
        this.#link.send({ kind: "fault", generation: this.id, failure: { cause, detail }, lost: false });
      },
      waits: (id) => this.#batch?.waits(id),
      stoppedAt: (id) => this.#batch?.stoppedAt(id),
      logged: (level, text) => effects.log(level, places.readable(text.slice(0, MAX_LOG_LINE))),
      dropped: (count) => effects.dropped(count),
      stored: (key, json, expiresAt) => effects.stored(key, json, expiresAt),
      deleted: (key) => effects.deleted(key),
      timerStarted: (id, owner, delay) => effects.startTimer(id, owner, delay),
      timerCleared: (id) => effects.clearTimer(id),
      fetched: (id, owner, call) => effects.fetch(id, owner, call),
    };
  }
}

const NONSENSE: Failure = {
  cause: "invalid_answer",
  detail: "what the script handed out was too large, or the script broke the world that it runs in",
};

/** An output that begins with `P` is that of an entry whose question has no answer yet. */
function isPending(value: EntryOutcome["value"]): value is string | number {
  return value === PENDING || (typeof value === "string" && value.charCodeAt(0) === 0x50);
}
