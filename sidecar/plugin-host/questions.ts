import { performance } from "node:perf_hooks";

import { ALLOWED_ANSWER, answerOfFailure, timed, type CheckedAnswer } from "./entry-result.ts";
import { MAX_PENDING } from "./limits.ts";
import type { EntryResult, Failure } from "./protocol/messages.ts";

/** Who asked. */
export interface Waiter {
  /** Once, with the answer. */
  answered(result: EntryResult): void;
}

/** One call of `execute` or of a hook that has no answer yet. Times in ms. */
export interface Question {
  readonly id: number;
  readonly waiter: Waiter;
  readonly began: number;
  /** CPU that it may use, over all entries. */
  readonly budget: number;
  cpu: number;
  /** Set once. */
  answer: CheckedAnswer | undefined;
  deadline: NodeJS.Timeout | undefined;
}

/** The first of the numbers that are given to `execute`; those below belong to hooks. */
const FIRST_ID = 16;

/** The questions of one generation: those that are being asked in this entry, and those that wait for a promise. */
export class Questions {
  readonly #waiting = new Map<number, Question>();
  #lastId = FIRST_ID;
  /** The one whose result the caller gets at once. */
  #current: Question | undefined;
  /** Those that are asked together, with numbers in a row. */
  #held: readonly Question[] = [];
  #answered: Question[] = [];

  /** Begins a question whose answer the caller may get at once; `settled` or `wait` ends that. */
  begin(waiter: Waiter, budget: number, id: number = ++this.#lastId): Question {
    this.#current = newQuestion(id, waiter, budget, performance.now());
    return this.#current;
  }

  /** Begins several whose waiters are told, whenever that is; `release` ends that. */
  hold(waiters: readonly Waiter[], budget: number): readonly Question[] {
    const now = performance.now();
    this.#held = waiters.map((waiter) => newQuestion(++this.#lastId, waiter, budget, now));
    return this.#held;
  }

  release(): void {
    this.#held = [];
  }

  get full(): boolean {
    return this.#waiting.size >= MAX_PENDING;
  }

  /** The one that waits under this number. */
  waiting(id: number): Question | undefined {
    return this.#waiting.get(id);
  }

  /** The question that is being asked is over: its result. */
  settled(question: Question, otherwise: CheckedAnswer): EntryResult {
    this.#current = undefined;
    return resultOf(question, question.answer ?? otherwise, performance.now());
  }

  /** The question waits at most `timeout` ms since it began; then `late` is called. */
  wait(question: Question, timeout: number, late: (id: number) => void): void {
    this.#current = undefined;
    this.#waiting.set(question.id, question);
    const rest = timeout - (performance.now() - question.began);
    // One more turn: after a busy one the answer may have arrived and not been read.
    const expire = (): void => void setImmediate(() => this.#expire(question, timeout, late));
    question.deadline = setTimeout(expire, rest);
  }

  /** The first answer counts, and is told by `deliver`; numbers that nobody asked under are passed over. */
  answer(id: number, answer: CheckedAnswer): void {
    const question = this.#find(id);
    if (question === undefined || question.answer !== undefined) return;
    question.answer = answer;
    if (question === this.#current) return;
    this.#stopWaiting(question);
    this.#answered.push(question);
  }

  /** Whether a question of this number has no answer. */
  open(id: number): boolean {
    const question = this.#find(id);
    return question !== undefined && question.answer === undefined;
  }

  /** Nobody waits for it any more: its waiter is not told. */
  abandon(question: Question): void {
    question.answer ??= ALLOWED_ANSWER;
    this.#stopWaiting(question);
  }

  /** The same, by who asked: its number if it waited. */
  abandonWaiter(waiter: Waiter): number | undefined {
    for (const question of this.#waiting.values()) {
      if (question.waiter !== waiter) continue;
      this.abandon(question);
      return question.id;
    }
    return undefined;
  }

  /** Tells who was answered; after what came with the answers was sent. */
  deliver(): void {
    if (this.#answered.length === 0) return;
    const answered = this.#answered;
    this.#answered = [];
    const now = performance.now();
    for (const question of answered)
      question.waiter.answered(resultOf(question, question.answer ?? ALLOWED_ANSWER, now));
  }

  /** Answers everybody, at once. */
  failAll(failure: Failure): void {
    const answer = answerOfFailure(failure);
    for (const question of [...this.#held, ...this.#waiting.values()]) this.answer(question.id, answer);
    this.deliver();
  }

  #find(id: number): Question | undefined {
    if (this.#current?.id === id) return this.#current;
    const first = this.#held[0];
    return (first === undefined ? undefined : this.#held[id - first.id]) ?? this.#waiting.get(id);
  }

  #stopWaiting(question: Question): void {
    if (question.deadline === undefined) return;
    clearTimeout(question.deadline);
    this.#waiting.delete(question.id);
  }

  #expire(question: Question, timeout: number, late: (id: number) => void): void {
    if (question.answer !== undefined) return;
    this.answer(question.id, answerOfFailure({ cause: "timeout", detail: `no answer after ${timeout} ms` }));
    this.deliver();
    late(question.id);
  }
}

function newQuestion(id: number, waiter: Waiter, budget: number, began: number): Question {
  return { id, waiter, began, budget, cpu: 0, answer: undefined, deadline: undefined };
}

function resultOf(question: Question, answer: CheckedAnswer, now: number): EntryResult {
  return timed(answer, question.cpu, now - question.began);
}
