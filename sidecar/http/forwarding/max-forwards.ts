import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { type HeaderEdits, NO_EDITS } from "../../../core/headers/header-edits.ts";
import type { LocalAnswer } from "./local-answer.ts";

/** Whether a request may go one hop further, and what must be changed for it. */
export type NextHop =
  | { readonly kind: "allowed"; readonly edits: HeaderEdits }
  /** Whoever has the request now is the one who answers it. */
  | { readonly kind: "last"; readonly answer: LocalAnswer };

const UNLIMITED: NextHop = { kind: "allowed", edits: NO_EDITS };

/** RFC 9110 §7.6.2: the count is for these methods only. */
const COUNTED: readonly string[] = ["OPTIONS", "TRACE"];

/** What Max-Forwards says of the next hop; one that is no number, or stands there twice, says nothing. */
export function nextHop(method: string, headers: HeaderBlock): NextHop {
  if (!COUNTED.includes(method)) return UNLIMITED;
  const values = headers.all("max-forwards");
  const [text = ""] = values;
  if (values.length !== 1 || !/^\d{1,9}$/.test(text)) return UNLIMITED;
  const left = Number(text);
  if (left === 0) return { kind: "last", answer: ownAnswer(method) };
  return { kind: "allowed", edits: [{ name: "Max-Forwards", values: [String(left - 1)] }] };
}

/** OPTIONS has nothing to tell of the sidecar itself, and TRACE is not done here: it would echo credentials. */
function ownAnswer(method: string): LocalAnswer {
  const status = method === "OPTIONS" ? 204 : 501;
  return { head: { status, headers: HeaderBlock.empty }, body: undefined, close: false, error: undefined };
}
