import { applyEdits } from "../core/headers/apply-edits.ts";
import type { HeaderBlock } from "../core/headers/header-block.ts";
import type { HeaderEdits } from "../core/headers/header-edits.ts";
import { readOutput, type OutputReceiver } from "../sidecar/plugin-host/entry-output.ts";
import { checkedAnswer, failedAnswer, type CheckedAnswer } from "../sidecar/plugin-host/entry-result.ts";
import { AnswerEditsReader, NO_ANSWER_EDITS, readEdits } from "../sidecar/plugin-host/protocol/edits-text.ts";
import { AnswerError, answerFields } from "../sidecar/plugin-host/world/answer.ts";
import { field } from "../sidecar/plugin-host/world/fields.ts";
import { describe } from "../sidecar/plugin-host/world/output.ts";

export type Fields = readonly (readonly [name: string, value: string])[];

/** What would come of the exchange if this plugin were the whole chain. */
export type HarnessOutcome =
  /** `headers`: those that go on, one pair for each line; `changed`: whether the plugin changed any. */
  | { readonly kind: "continue"; readonly headers: Fields; readonly changed: boolean }
  | { readonly kind: "block"; readonly status: number; readonly headers: Fields; readonly body: string }
  /** No valid answer: the entry's failurePolicy would stand in. */
  | {
      readonly kind: "failed";
      readonly cause: "throw" | "timeout" | "invalid_answer";
      readonly detail: string;
    };

/** What the real host makes of `answer`: it is written out, read again and held against the rules. */
export function outcomeOf(answer: unknown, headers: HeaderBlock): HarnessOutcome {
  let checked: CheckedAnswer;
  try {
    checked = checkedBy(answerFields(answer));
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    return { kind: "failed", cause: "invalid_answer", detail: error.message };
  }
  const { httpCode, body, failure } = checked;
  if (failure !== undefined) return { kind: "failed", cause: "invalid_answer", detail: failure.detail };
  const edits = readEdits(checked.edits);
  if (httpCode === 0) {
    return { kind: "continue", headers: pairsOf(applyEdits(headers, edits)), changed: edits.length > 0 };
  }
  return { kind: "block", status: httpCode, headers: fieldsOf(edits), body: body.toString() };
}

/** What a hook threw. */
export function thrownBy(error: unknown): HarnessOutcome {
  return { kind: "failed", cause: "throw", detail: describe(error) };
}

function checkedBy(fields: string | undefined): CheckedAnswer {
  if (fields === undefined) return checkedAnswer(0, NO_ANSWER_EDITS, "");
  let checked = failedAnswer("invalid_answer", "the answer could not be read");
  readOutput(`A${field("0")}${fields}`, {
    ...UNEXPECTED,
    answered: (_id, httpCode, text, body) =>
      void (checked = checkedAnswer(httpCode, new AnswerEditsReader().read(text), body)),
  });
  return checked;
}

const ignore = (): void => {};
const UNEXPECTED: Omit<OutputReceiver, "answered"> = {
  failed: ignore,
  waits: ignore,
  stoppedAt: ignore,
  logged: ignore,
  dropped: ignore,
  stored: ignore,
  deleted: ignore,
  timerStarted: ignore,
  timerCleared: ignore,
  fetched: ignore,
};

function fieldsOf(edits: HeaderEdits): Fields {
  return edits.flatMap(({ name, values }) => values.map((value) => [name, value] as const));
}

function pairsOf(block: HeaderBlock): Fields {
  return Array.from({ length: block.size }, (_, index) => [block.name(index), block.value(index)] as const);
}
