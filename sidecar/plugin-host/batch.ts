import { ALLOWED_ANSWER, answerOfFailure } from "./entry-result.ts";
import type { Entrance, EntryOutcome } from "./entrance.ts";
import type { BatchMessages } from "./batch-messages.ts";
import type { EntryPoints } from "./isolate-world.ts";
import type { Pace } from "./pace.ts";
import type { EntryResult, Failure } from "./protocol/messages.ts";
import type { Question, Questions, Waiter } from "./questions.ts";
import { partsOf } from "./text-parts.ts";
import { field } from "./world/fields.ts";

/** What `execute` is asked, as the world reads it. */
export interface Ask {
  /** As `messageText` makes it. */
  readonly message: string;
  readonly edits: string;
  readonly tag: string;
  readonly waiter: Waiter;
}

/** What a batch needs of its generation. */
export interface BatchParts {
  readonly entrance: Entrance;
  readonly points: EntryPoints;
  readonly messages: BatchMessages;
  readonly questions: Questions;
  readonly pace: Pace;
  /** ms on the CPU. */
  readonly budget: number;
  /** Takes in what an entry said. */
  readonly absorb: (outcome: EntryOutcome) => void;
  readonly askOne: (ask: Ask) => EntryResult | undefined;
  /** Collects what followed an `await`, then lets the question wait. */
  readonly letWait: (question: Question) => void;
}

/**
 * Several questions to one plugin in one entry: crossing into an isolate costs more than a short `execute`. Each is
 * answered, blamed and bounded as if it had been asked alone.
 */
export class Batch {
  readonly #parts: BatchParts;
  readonly #asks: readonly Ask[];
  readonly #questions: readonly Question[];
  readonly #waits = new Set<number>();
  #stoppedAt = 0;

  constructor(asks: readonly Ask[], parts: BatchParts) {
    this.#parts = parts;
    this.#asks = asks;
    this.#questions = parts.questions.hold(
      asks.map(({ waiter }) => waiter),
      parts.budget,
    );
  }

  /** Told by what the entry says. */
  waits(id: number): void {
    this.#waits.add(id);
    this.#parts.pace.waits();
  }

  stoppedAt(id: number): void {
    this.#stoppedAt = id;
  }

  run(): void {
    const { entrance, points, budget, pace } = this.#parts;
    const outcome = entrance.enter(points.askMany, this.#arguments(), budget);
    const each = outcome.ms / this.#questions.length;
    for (const question of this.#questions) question.cpu = each;
    pace.took(each);
    const cutOff =
      outcome.failure !== undefined && outcome.value === undefined && outcome.stray === undefined;
    if (cutOff && !entrance.lost) this.#interrupted(outcome.failure);
    else this.#finished(outcome);
  }

  /** Nothing of it was cut off: whoever was asked, has no answer and does not wait was allowed. */
  #finished(outcome: EntryOutcome): void {
    // One of many that took too long cannot be told; alone it will be.
    const failure = this.#parts.entrance.lost ? outcome.failure : undefined;
    this.#parts.absorb({ ...outcome, failure });
    this.#settle(this.#stoppedAt);
  }

  #interrupted(failure: Failure): void {
    const { entrance, points, budget, absorb, questions } = this.#parts;
    absorb(entrance.enter(points.interrupted, [], budget));
    const culprit = this.#stoppedAt;
    if (culprit !== 0) {
      questions.answer(culprit, answerOfFailure(failure));
      return this.#settle(culprit + 1);
    }
    // It was cut off after it had returned, and what it returned was lost.
    absorb(entrance.enter(points.repeat, [], budget));
    // After all were asked: the loop followed an `await` of one of those that wait.
    for (const id of this.#waits) questions.answer(id, answerOfFailure(failure));
    this.#settle(this.#stoppedAt);
  }

  /**
   * `unasked`: the first question that was not asked. 0, or a number of an older batch: it is not known who was, and
   * nobody is taken for allowed.
   */
  #settle(unasked: number): void {
    const { questions, letWait } = this.#parts;
    this.#questions.forEach((question, index) => {
      if (!questions.open(question.id)) return;
      if (question.id >= unasked) this.#askAlone(question, this.#asks[index]);
      else if (this.#waits.has(question.id)) letWait(question);
      else questions.answer(question.id, ALLOWED_ANSWER);
    });
    questions.release();
    questions.deliver();
  }

  #askAlone(question: Question, ask: Ask | undefined): void {
    this.#parts.questions.abandon(question);
    if (ask === undefined) return;
    const result = this.#parts.askOne(ask);
    if (result !== undefined) ask.waiter.answered(result);
  }

  /** As `askMany` of the world takes them. */
  #arguments(): (string | number)[] {
    const questions = partsOf(this.#editsAndTags());
    const messages = this.#parts.messages.parts(this.#asks.map(({ message }) => message));
    return [this.#questions[0]?.id ?? 0, questions.length, ...questions, ...messages];
  }

  /** Mostly all are asked behind the same changes. */
  #editsAndTags(): string {
    let text = "";
    let before: Ask | undefined;
    for (const ask of this.#asks) {
      const { edits, tag } = ask;
      const same = before !== undefined && edits === before.edits && tag === before.tag;
      text += same ? "=" : `+${field(edits)}${field(tag)}`;
      before = ask;
    }
    return text;
  }
}
