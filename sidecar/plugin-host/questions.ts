import { answerOfFailure, timed, type CheckedAnswer } from "./entry-result.ts";
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
  /** Set when the answer came before anybody had to wait. */
  answer: CheckedAnswer | undefined;
  deadline: NodeJS.Timeout | undefined;
}

/** The first of the numbers that are given to `execute`; those below belong to hooks. */
const FIRST_ID = 16;

/** The questions of one generation: the one that is being asked, and those that wait. */
export class Questions {
  readonly #waiting = new Map<number, Question>();
  #lastId = FIRST_ID;
  #current: Question | undefined;
  #answered: { readonly question: Question; readonly answer: CheckedAnswer }[] = [];

  /** Begins a question whose answer the caller may get at once; `settled` or `wait` ends that. */
  begin(waiter: Waiter, budget: number, id: number = ++this.#lastId): Question {
    this.#current = newQuestion(id, waiter, budget);
    return this.#current;
  }

  /** Begins a question whose waiter is told, whenever that is. */
  hold(waiter: Waiter, budget: number): Question {
    const question = newQuestion(++this.#lastId, waiter, budget);
    this.#waiting.set(question.id, question);
    return question;
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
    return resultOf(question, question.answer ?? otherwise);
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
    if (this.#current?.id === id) this.#current.answer ??= answer;
    else this.#finish(this.#waiting.get(id), answer);
  }

  /** Whether a question of this number is still open. */
  open(id: number): boolean {
    return (this.#current?.id === id && this.#current.answer === undefined) || this.#waiting.has(id);
  }

  /** Nobody waits for it any more; true if somebody did. */
  drop(id: number): boolean {
    clearTimeout(this.#waiting.get(id)?.deadline);
    return this.#waiting.delete(id);
  }

  /** The same, by who asked: its number if it waited. */
  dropWaiter(waiter: Waiter): number | undefined {
    for (const question of this.#waiting.values())
      if (question.waiter === waiter && this.drop(question.id)) return question.id;
    return undefined;
  }

  /** Tells who was answered; after what came with the answers was sent. */
  deliver(): void {
    if (this.#answered.length === 0) return;
    const answered = this.#answered;
    this.#answered = [];
    for (const { question, answer } of answered) question.waiter.answered(resultOf(question, answer));
  }

  /** Answers everybody, at once. */
  failAll(failure: Failure): void {
    for (const question of this.#waiting.values()) this.#finish(question, answerOfFailure(failure));
    this.deliver();
  }

  #finish(question: Question | undefined, answer: CheckedAnswer): void {
    if (question === undefined || !this.drop(question.id)) return;
    this.#answered.push({ question, answer });
  }

  #expire(question: Question, timeout: number, late: (id: number) => void): void {
    if (!this.#waiting.has(question.id)) return;
    const failure: Failure = { cause: "timeout", detail: `no answer after ${timeout} ms` };
    this.#finish(question, answerOfFailure(failure));
    this.deliver();
    late(question.id);
  }
}

function newQuestion(id: number, waiter: Waiter, budget: number): Question {
  return { id, waiter, began: performance.now(), budget, cpu: 0, answer: undefined, deadline: undefined };
}

function resultOf(question: Question, answer: CheckedAnswer): EntryResult {
  return timed(answer, question.cpu, performance.now() - question.began);
}
