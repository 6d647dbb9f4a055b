import type { FailureCause } from "../chain/verdict.ts";
import type { AnswerEdits } from "./protocol/edits-text.ts";
import type { EntryResult, Failure } from "./protocol/messages.ts";
import { MAX_ANSWER_BODY } from "./world/limits.ts";

const NO_BODY = Buffer.alloc(0);

/** An answer as it came out of an isolate, checked by the rules that hold for every runtime. Times are added later. */
export type CheckedAnswer = Omit<EntryResult, "micros" | "wallMicros">;

export const ALLOWED_ANSWER: CheckedAnswer = {
  httpCode: 0,
  edits: "",
  body: NO_BODY,
  failure: undefined,
};

export function checkedAnswer(httpCode: number, answer: AnswerEdits, body: string): CheckedAnswer {
  const { text: edits, refused } = answer;
  if (refused !== undefined) return failedAnswer("invalid_answer", refused);
  if (httpCode !== 0 && !(httpCode >= 200 && httpCode <= 599))
    return failedAnswer("invalid_answer", `httpCode must be 0 or 200 to 599, got ${httpCode}`);
  if (httpCode === 0 || body === "") return { httpCode, edits, body: NO_BODY, failure: undefined };
  const bytes = Buffer.from(body);
  if (bytes.length > MAX_ANSWER_BODY)
    return failedAnswer("invalid_answer", `body has more than ${MAX_ANSWER_BODY} bytes`);
  return { httpCode, edits, body: bytes, failure: undefined };
}

export function failedAnswer(cause: FailureCause, detail: string): CheckedAnswer {
  return answerOfFailure({ cause, detail });
}

export function answerOfFailure(failure: Failure): CheckedAnswer {
  return { httpCode: 0, edits: "", body: NO_BODY, failure };
}

/** Milliseconds in, as frames carry them out. */
export function timed(answer: CheckedAnswer, cpu: number, wall: number): EntryResult {
  return {
    micros: toMicros(cpu),
    httpCode: answer.httpCode,
    edits: answer.edits,
    body: answer.body,
    failure: answer.failure,
    wallMicros: toMicros(wall),
  };
}

function toMicros(ms: number): number {
  return Math.min(0xffff_ffff, Math.round(ms * 1000));
}
