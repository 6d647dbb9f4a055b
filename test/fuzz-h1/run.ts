import { requestCase, responseCase, type WireCase } from "./cases.ts";
import { compare, type Verdict } from "./compare.ts";
import { LlhttpServer, readAnswers } from "./llhttp.ts";
import type { Observation } from "./observation.ts";
import { readRequests, readResponses } from "./sluice.ts";

export const SIDES = ["request", "response"] as const;
export type Side = (typeof SIDES)[number];

/** A case that came out wrong, with what is needed to look at it. */
export interface Violation {
  readonly side: Side;
  readonly seed: number;
  readonly what: string;
  readonly bytes: string;
}

/** What a run of cases came to. */
export interface FuzzResult {
  /** How often each verdict was reached; `stricter` and `laxer` with their reasons. */
  readonly counts: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
}

/** Answers that are read by node:http's client in one turn of the event loop. */
const BATCH = 200;

/**
 * Reads the cases `seed`, `seed + 1`, … with the codec and with node:http, and compares: as many requests as
 * answers, `cases` in all.
 */
export async function fuzz(seed: number, cases: number): Promise<FuzzResult> {
  const tally = new Tally();
  using server = new LlhttpServer();
  const end = seed + cases / 2;
  for (let from = seed; from < end; from += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, end - from) }, (_, index) => from + index);
    for (const each of seeds) {
      const wire = requestCase(each);
      tally.add("request", each, wire, readRequests(wire), server.read(wire));
    }
    const answers = seeds.map(responseCase);
    const theirs = await readAnswers(answers);
    for (const [index, wire] of answers.entries())
      tally.add("response", from + index, wire, readResponses(wire), theirs[index]);
  }
  return tally;
}

class Tally implements FuzzResult {
  readonly counts = new Map<string, number>();
  readonly violations: Violation[] = [];

  add(side: Side, seed: number, wire: WireCase, ours: Observation, theirs: Observation | undefined): void {
    if (theirs === undefined) throw new Error(`no reading of case ${seed}`);
    const verdict = compare(side, wire, ours, theirs);
    const name = `${side}: ${nameOf(verdict)}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    if (verdict.kind === "violation")
      this.violations.push({ side, seed, what: verdict.what, bytes: wire.bytes.toString("latin1") });
  }
}

function nameOf(verdict: Verdict): string {
  return "reason" in verdict ? `${verdict.kind}: ${verdict.reason}` : verdict.kind;
}
