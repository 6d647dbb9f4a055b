import type { RequestFacts } from "./chain.ts";
import { obstacleOf, type GrayShare, type LiveEntry } from "./live-entry.ts";
import { Plans, type Plan, type PlanSource } from "./plan.ts";

/** Which version an exchange gets. `returned`: its share is the gray one's, which cannot answer just now. */
type Choice = "base" | "gray" | "returned";

/** Clients choose what they are hashed by: beyond so many combinations, plans are made and thrown away. */
const MAX_COMBINATIONS = 64;

/**
 * The plans of a chain of which some entries have two versions. The choice is made here, when an exchange begins,
 * and holds for both positions.
 */
export class GrayPlans implements PlanSource {
  readonly #entries: readonly LiveEntry[];
  readonly #shares: readonly GrayShare[];
  readonly #combinations = new Map<string, Plans>();

  /** `entries` are those that are not off. */
  constructor(entries: readonly LiveEntry[]) {
    this.#entries = entries;
    this.#shares = entries.flatMap(({ gray }) => gray ?? []);
  }

  for(facts: RequestFacts): Plan {
    const choices = this.#shares.map((share) => choiceOf(share, facts));
    const key = choices.join();
    return (this.#combinations.get(key) ?? this.#make(key, choices)).for(facts);
  }

  #make(key: string, choices: readonly Choice[]): Plans {
    let next = 0;
    const chosen = this.#entries.map((entry) =>
      entry.gray === undefined ? entry : chosenOf(entry, entry.gray, choices[next++]),
    );
    const plans = new Plans(chosen);
    if (this.#combinations.size < MAX_COMBINATIONS) this.#combinations.set(key, plans);
    return plans;
  }
}

function choiceOf({ live, takes }: GrayShare, facts: RequestFacts): Choice {
  if (!takes(facts)) return "base";
  return obstacleOf(live) === undefined ? "gray" : "returned";
}

function chosenOf(base: LiveEntry, { live }: GrayShare, choice: Choice | undefined): LiveEntry {
  if (choice === "gray") return live;
  return choice === "returned" && live.kind === "loaded" ? { ...base, probes: live } : base;
}
