import type { RequestFacts } from "./chain.ts";
import type { LiveEntry } from "./live-entry.ts";
import type { Matcher } from "./match.ts";
import { segmentsOf, turnsAt, type Segment } from "./segment.ts";

/** What an exchange goes through: the entries that apply to it, grouped for both positions. */
export interface Plan {
  readonly segments: readonly [request: readonly Segment[], response: readonly Segment[]];
  /** Somebody's verdict, or policy, decides on the response. */
  readonly judgesResponse: boolean;
}

/** Which plan a request gets; `EMPTY_PLAN` itself where there is nothing to do. */
export interface PlanSource {
  for(facts: RequestFacts): Plan;
}

/** No entry applies at any position. */
export const EMPTY_PLAN: Plan = { segments: [[], []], judgesResponse: false };

/** Clients choose what their requests match: beyond so many combinations, plans are made and thrown away. */
const MAX_PLANS = 256;

/**
 * The plans of one chain: one where no entry has conditions, else one for each combination of conditional entries
 * that requests bring up, made at the first of them.
 */
export class Plans implements PlanSource {
  readonly #entries: readonly LiveEntry[];
  readonly #conditions: readonly Matcher[];
  readonly #plans = new Map<number, Plan>();
  readonly #unconditional: Plan;

  /** `entries` are those that are not off. */
  constructor(entries: readonly LiveEntry[]) {
    this.#entries = entries;
    this.#conditions = entries.flatMap(({ matches }) => (matches === undefined ? [] : [matches]));
    this.#unconditional = planOf(entries.filter(({ matches }) => matches === undefined));
  }

  for(facts: RequestFacts): Plan {
    if (this.#conditions.length === 0) return this.#unconditional;
    let applying = 0;
    // A sum of powers of two is exact up to 2^53, where bit operations would end at 32 entries.
    for (let i = 0; i < this.#conditions.length; i++) if (this.#conditions[i]?.(facts)) applying += 2 ** i;
    if (applying === 0) return this.#unconditional;
    return this.#plans.get(applying) ?? this.#make(applying);
  }

  #make(applying: number): Plan {
    let bit = 0;
    const applies = ({ matches }: LiveEntry): boolean =>
      matches === undefined || Math.floor(applying / 2 ** bit++) % 2 === 1;
    const plan = planOf(this.#entries.filter(applies));
    if (this.#plans.size < MAX_PLANS) this.#plans.set(applying, plan);
    return plan;
  }
}

function planOf(entries: readonly LiveEntry[]): Plan {
  const segments = [segmentsOf(turnsAt(0, entries), false), segmentsOf(turnsAt(1, entries), false)] as const;
  if (segments[0].length + segments[1].length === 0) return EMPTY_PLAN;
  const judgesResponse = segments[1].some(({ turns }) => turns.some(({ kind }) => kind !== "note"));
  return { segments, judgesResponse };
}
