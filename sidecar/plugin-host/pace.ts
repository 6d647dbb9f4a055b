/** Questions that one entry may ask at most. */
const MAX_BATCH = 32;
/** Part of a question's CPU budget that a whole batch is expected to use. */
const BUDGET_SHARE = 0.25;
/** Weight of the newest time in the mean. */
const NEWEST = 0.2;

/**
 * How many questions one entry may ask: so few that all of them together should take a fraction of what one may, and
 * then the one that is under way when an entry is cut off is the one to blame. Begins with one and learns.
 */
export class Pace {
  readonly #budget: number;
  #mean: number;
  #single = false;

  /** `budget`: ms on the CPU for one question. */
  constructor(budget: number) {
    this.#budget = budget;
    this.#mean = budget;
  }

  get batch(): number {
    if (this.#single) return 1;
    return Math.max(1, Math.min(MAX_BATCH, Math.floor((this.#budget * BUDGET_SHARE) / this.#mean)));
  }

  /** After an entry: ms for each question that it asked. */
  took(each: number): void {
    this.#mean += (Math.min(each, this.#budget) - this.#mean) * NEWEST;
  }

  /** From here on one by one: what follows an `await` could not be told apart. */
  waits(): void {
    this.#single = true;
  }
}
