import type { Timer } from "../../../core/clock.ts";
import type { MeshResponse__Output } from "../../../proto/gen/mesh/v1/MeshResponse.ts";
import type { SegmentCall, SegmentHandle } from "../../chain/runner.ts";
import type { FailureCause, Verdict } from "../../chain/verdict.ts";
import { AnswerMerge } from "./answer-merge.ts";

/** Who asks questions and hears of their end. */
export interface QuestionOwner {
  /** Called once for each question, unless it was cancelled. */
  settled(question: Question, verdict: Verdict): void;
  /** Nobody wants the answer any more. */
  cancelled(question: Question): void;
}

/** One call to a plugin, from the moment it is accepted until its verdict is known or not wanted. */
export class Question implements SegmentHandle {
  readonly call: SegmentCall;
  /** Names it on Observe streams: the id and the position in one number. */
  readonly key: number;
  /** On the monotonic clock, ms: when it was accepted. */
  readonly acceptedAt: number;
  /** On the same clock: when its time is over. */
  readonly due: number;
  /** Encoded when it was accepted; bounds what waits by its size. */
  readonly bytes: Buffer;
  /** Runs out at `due`. */
  timer: Timer | undefined;
  /** It was handed to gRPC. */
  sent = false;
  /** Ends it on the wire; set by the lane that sent it. */
  abandon: (() => void) | undefined;
  readonly #owner: QuestionOwner;
  readonly #merge = new AnswerMerge();
  #over = false;

  constructor(owner: QuestionOwner, call: SegmentCall, bytes: Buffer, acceptedAt: number, due: number) {
    this.#owner = owner;
    this.call = call;
    this.bytes = bytes;
    this.acceptedAt = acceptedAt;
    this.due = due;
    this.key = questionKey(call.message.id, call.message.position);
  }

  /** onNext. An answer that breaks a rule ends the question. */
  next(response: MeshResponse__Output): void {
    if (this.#over) return;
    const fault = this.#merge.add(response);
    if (fault === undefined) return;
    this.abandon?.();
    this.fail("invalid_answer", fault);
  }

  /** onCompleted. */
  complete(): void {
    this.#settle(this.#merge.verdict());
  }

  fail(cause: FailureCause, detail: string): void {
    this.#settle({ kind: "failed", cause, detail });
  }

  /** The plugin's time has run out. */
  expire(cause: FailureCause, detail: string): void {
    this.abandon?.();
    this.fail(cause, detail);
  }

  cancel(): void {
    if (this.#over) return;
    this.#end();
    this.abandon?.();
    this.#owner.cancelled(this);
  }

  #settle(verdict: Verdict): void {
    if (this.#over) return;
    this.#end();
    this.#owner.settled(this, verdict);
  }

  #end(): void {
    this.#over = true;
    this.timer?.[Symbol.dispose]();
  }
}

/** Ids are below 2^52. */
export function questionKey(id: number, position: number): number {
  return id * 2 + position;
}
