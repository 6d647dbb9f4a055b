import { HeaderBlock } from "../../core/headers/header-block.ts";
import { isForbiddenTrailer } from "../../core/headers/trailer-rules.ts";
import type { WireCase } from "./cases.ts";
import type { Observation, SeenMessage } from "./observation.ts";
import { JUDGED_WHOLE, LAXER, STRICTER } from "./stricter.ts";

/** What comparing two readings of the same bytes came to. */
export type Verdict =
  | { readonly kind: "alike" }
  | { readonly kind: "both refused" }
  | { readonly kind: "stricter" | "laxer"; readonly reason: string }
  /** The bytes end before llhttp had to decide: there is nothing to compare with. */
  | { readonly kind: "undecided" }
  /** A bug, on our side until shown otherwise. */
  | { readonly kind: "violation"; readonly what: string };

/** `ours` against `theirs`, the strict reading of llhttp. */
export function compare(
  side: "request" | "response",
  wire: WireCase,
  ours: Observation,
  theirs: Observation,
): Verdict {
  for (const [index, message] of ours.messages.entries()) {
    const other = theirs.messages[index];
    if (other === undefined)
      return theirs.refused === undefined ? violation("llhttp waits") : laxer(theirs.refused, message, "");
    const difference = differenceOf(message, other);
    if (difference !== undefined) return violation(difference);
    if (message.complete && !other.complete)
      return theirs.refused === undefined
        ? violation("llhttp waits for the body")
        : laxer(theirs.refused, message, "");
  }
  if (ours.stopped) return { kind: "alike" };
  if (ours.refused !== undefined) return judgeRefusal(side, wire, ours, theirs);
  const unfinished = ours.pending !== "" || ours.messages.at(-1)?.complete === false;
  if (theirs.refused !== undefined && unfinished && JUDGED_WHOLE.includes(theirs.refused))
    return { kind: "undecided" };
  if (theirs.refused !== undefined) return laxer(theirs.refused, undefined, ours.pending);
  const pending = theirs.messages.length > ours.messages.length;
  const longer = theirs.messages.at(-1)?.complete === true && ours.messages.at(-1)?.complete === false;
  return pending || longer ? violation("we wait for what llhttp has read") : { kind: "alike" };
}

/** We refused within the last message that we began, or at the head of the next one. */
function judgeRefusal(
  side: "request" | "response",
  wire: WireCase,
  ours: Observation,
  theirs: Observation,
): Verdict {
  const broken = ours.messages.at(-1)?.complete === false ? ours.messages.length - 1 : ours.messages.length;
  const message = theirs.messages[broken];
  if (theirs.refused !== undefined && broken >= theirs.messages.length - 1) {
    const finished = message?.complete === true;
    if (!finished) return { kind: "both refused" };
  }
  if (message === undefined) return { kind: "undecided" };
  const raw = { bytes: wire.bytes, head: ours.pending };
  const rule = STRICTER[side].find((rule) => rule.applies(message, raw));
  if (rule !== undefined) return { kind: "stricter", reason: rule.reason };
  if (!message.complete) return { kind: "undecided" };
  return violation(`refused (${ours.refused}) what llhttp reads, for no reason that is listed`);
}

function laxer(refused: string, message: SeenMessage | undefined, pending: string): Verdict {
  const rule = LAXER.find((rule) => rule.applies(refused, message, pending));
  if (rule !== undefined) return { kind: "laxer", reason: rule.reason };
  return violation(`accepted what llhttp refuses as ${refused}`);
}

/** What differs in two readings of a message, as far as both have come. */
function differenceOf(ours: SeenMessage, theirs: SeenMessage): string | undefined {
  if (ours.line !== theirs.line) return `line: ${ours.line} / ${theirs.line}`;
  const [ourHeaders, theirHeaders] = [comparable(ours), comparable(theirs)];
  if (ourHeaders !== theirHeaders) return `headers: ${ourHeaders} / ${theirHeaders}`;
  const length = Math.min(ours.body.length, theirs.body.length);
  if (!ours.body.subarray(0, length).equals(theirs.body.subarray(0, length))) return "body";
  if (!ours.complete || !theirs.complete) return undefined;
  if (ours.body.length !== theirs.body.length)
    return `body of ${ours.body.length} / ${theirs.body.length} bytes`;
  const [ourTrailers, theirTrailers] = [
    JSON.stringify(ours.trailers),
    JSON.stringify(allowed(theirs.trailers)),
  ];
  return ourTrailers === theirTrailers ? undefined : `trailers: ${ourTrailers} / ${theirTrailers}`;
}

/** All fields, but for Host where the target stands above it (RFC 9112 §3.2.2). */
function comparable({ line, headers }: SeenMessage): string {
  const [, target = "/"] = line.split(" ");
  if (target.startsWith("/") || target === "*") return JSON.stringify(headers);
  const block = HeaderBlock.fromFlat(headers);
  return JSON.stringify(block.filter((index) => !block.is(index, "host")).toFlat());
}

/** The trailers that go on: the others are left out on our side. */
function allowed(trailers: readonly string[]): readonly string[] {
  const block = HeaderBlock.fromFlat(trailers);
  return block.filter((index) => !isForbiddenTrailer(block, index)).toFlat();
}

function violation(what: string): Verdict {
  return { kind: "violation", what };
}
