import { NO_EDITS, type HeaderEdits } from "../../../core/headers/header-edits.ts";
import type { AskResult } from "../../chain/runner.ts";
import { ALLOW, type FailureCause, type Verdict } from "../../chain/verdict.ts";
import { AnswerEditsReader } from "../../plugin-host/protocol/edits-text.ts";
import type { EntryResult } from "../../plugin-host/protocol/messages.ts";

/** Bytes of a block's body; the host holds plugins to the same. */
export const MAX_BODY_BYTES = 1024 * 1024;

export function failed(cause: FailureCause, detail: string): Verdict {
  return { kind: "failed", cause, detail };
}

/**
 * What the answers that a host gives for one plugin mean. The host has checked them already; they are checked again
 * because a plugin that broke out of its isolate speaks with the host's voice, and what passes here goes onto a wire.
 */
export class HostAnswers {
  readonly #edits = new AnswerEditsReader();
  /** The last one: edits that are remembered are the same object again, and so is what they mean. */
  #rewrite: Verdict & { readonly kind: "rewrite" } = { kind: "rewrite", edits: NO_EDITS };

  resultOf(answer: EntryResult): AskResult {
    return { verdict: this.#verdictOf(answer), micros: answer.wallMicros };
  }

  #verdictOf({ failure, httpCode, edits: text, body }: EntryResult): Verdict {
    if (failure !== undefined) return failed(failure.cause, failure.detail);
    const { edits, refused } = this.#edits.read(text);
    if (refused !== undefined) return failed("invalid_answer", refused);
    if (httpCode === 0) return edits.length === 0 ? ALLOW : this.#rewriteOf(edits);
    if (httpCode < 200 || httpCode > 599)
      return failed("invalid_answer", `httpCode ${httpCode}: expected 0, or 200 to 599`);
    if (body.length > MAX_BODY_BYTES)
      return failed("invalid_answer", `a body of ${body.length} bytes: at most ${MAX_BODY_BYTES}`);
    return { kind: "block", answer: { status: httpCode, headers: edits, body } };
  }

  #rewriteOf(edits: HeaderEdits): Verdict {
    if (this.#rewrite.edits !== edits) this.#rewrite = { kind: "rewrite", edits };
    return this.#rewrite;
  }
}
