import type { Question } from "./question.ts";

/** A way on which questions go to a plugin and answers come back. */
export interface Lane {
  /** False while gRPC asks to wait; `LaneEvents.writable` tells when that is over. */
  readonly writable: boolean;
  /** Only while writable. The question hears of answers, and has `abandon` set. */
  send(question: Question): void;
  /** Fails what is open: nothing is sent again. */
  close(reason: string): void;
}

export interface LaneEvents {
  writable(): void;
  /** The lane is of no use any more; its open questions have failed. At most once. */
  broken(reason: string): void;
}
