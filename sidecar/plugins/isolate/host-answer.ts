import { refusedEdit } from "../../../core/headers/header-rules.ts";
import type { AskResult } from "../../chain/runner.ts";
import { ALLOW, type FailureCause, type Verdict } from "../../chain/verdict.ts";
import type { EntryResult } from "../../plugin-host/protocol/messages.ts";

/** Bytes of a block's body; the host holds plugins to the same. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** Edits of one answer: more is no answer that a plugin means. */
const MAX_EDITS = 256;

export function failed(cause: FailureCause, detail: string): Verdict {
  return { kind: "failed", cause, detail };
}

/**
 * What an answer of the host means. The host has checked it already; it is checked again because a plugin that broke
 * out of its isolate speaks with the host's voice, and what passes here goes onto a wire.
 */
export function resultOf(answer: EntryResult): AskResult {
  return { verdict: verdictOf(answer), micros: answer.micros };
}

function verdictOf({ failure, httpCode, edits, body }: EntryResult): Verdict {
  if (failure !== undefined) return failed(failure.cause, failure.detail);
  if (edits.length > MAX_EDITS) return failed("invalid_answer", `more than ${MAX_EDITS} header changes`);
  const refused = refusedEdit(edits);
  if (refused !== undefined) return failed("invalid_answer", refused.message);
  if (httpCode === 0) return edits.length === 0 ? ALLOW : { kind: "rewrite", edits };
  if (httpCode < 200 || httpCode > 599)
    return failed("invalid_answer", `httpCode ${httpCode}: expected 0, or 200 to 599`);
  if (body.length > MAX_BODY_BYTES)
    return failed("invalid_answer", `a body of ${body.length} bytes: at most ${MAX_BODY_BYTES}`);
  return { kind: "block", answer: { status: httpCode, headers: edits, body } };
}
