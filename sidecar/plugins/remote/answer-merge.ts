import { mergeEdits, NO_EDITS, type HeaderEdits } from "../../../core/headers/header-edits.ts";
import { refusedEdit } from "../../../core/headers/header-rules.ts";
import type { MeshResponse__Output } from "../../../proto/gen/mesh/v1/MeshResponse.ts";
import { ALLOW, type BlockAnswer, type Verdict } from "../../chain/verdict.ts";

/** Responses to one question. */
const MAX_RESPONSES = 64;
const MAX_EDITS = 256;
/** Bytes of names and values in all responses together. */
const MAX_HEADER_BYTES = 64 * 1024;
/** Bytes of a block's body. */
const MAX_BODY_BYTES = 1024 * 1024;

/** What a plugin says about one question, response by response, until it completes (plugin.proto, step 3). */
export class AnswerMerge {
  #edits: HeaderEdits = NO_EDITS;
  #block: BlockAnswer | undefined;
  #responses = 0;
  #headerBytes = 0;

  /** Takes one response. Says which rule it breaks; then the whole answer is invalid. */
  add({ httpCode, headerSet, body }: MeshResponse__Output): string | undefined {
    if (++this.#responses > MAX_RESPONSES) return `more than ${MAX_RESPONSES} responses to one question`;
    if (httpCode !== 0 && (httpCode < 200 || httpCode > 599))
      return `http_code ${httpCode}: expected 0, or 200 to 599`;
    for (const { key, value } of headerSet)
      this.#headerBytes += value.reduce((sum, each) => sum + each.length, key.length);
    if (this.#headerBytes > MAX_HEADER_BYTES) return `more than ${MAX_HEADER_BYTES} bytes of headers`;
    // The first block is the answer: what comes behind it is dropped.
    if (this.#block !== undefined) return undefined;

    const set = headerSet.map(({ key, value }) => ({ name: latin1(key), values: value.map(latin1) }));
    const refused = refusedEdit(set);
    if (refused !== undefined) return refused.message;
    const edits = mergeEdits(httpCode === 0 ? this.#edits : NO_EDITS, oneForEachName(set));
    if (edits.length > MAX_EDITS) return `more than ${MAX_EDITS} header changes`;
    if (httpCode === 0) this.#edits = edits;
    else return this.#blockWith(httpCode, edits, body);
    return undefined;
  }

  /** The plugin completed. */
  verdict(): Verdict {
    if (this.#block !== undefined) return { kind: "block", answer: this.#block };
    return this.#edits.length === 0 ? ALLOW : { kind: "rewrite", edits: this.#edits };
  }

  #blockWith(status: number, headers: HeaderEdits, text: string): string | undefined {
    const body = Buffer.from(text);
    if (body.length > MAX_BODY_BYTES) return `a body of ${body.length} bytes: at most ${MAX_BODY_BYTES}`;
    this.#block = { status, headers, body };
    return undefined;
  }
}

/** The later one where a response names a header twice: edits hold each name once. */
function oneForEachName(edits: HeaderEdits): HeaderEdits {
  if (edits.length < 2) return edits;
  return [...new Map(edits.map((edit) => [edit.name.toLowerCase(), edit])).values()];
}

function latin1(bytes: Buffer): string {
  return bytes.toString("latin1");
}
