import type { SegmentRun } from "./segment-run.ts";

/** Runs that ask the same generation next. */
export interface ReadyGroup {
  readonly generation: number;
  readonly runs: SegmentRun[];
}

/**
 * Runs that may go on, by the generation that they ask next: one plugin answers all of them, then the next one does,
 * so that they share entries and the breadcrumb is written once. Arrays for the reason that `LiveRuns` gives; there
 * are as many groups as plugins.
 */
export class ReadyRuns {
  readonly #groups: ReadyGroup[] = [];

  add(run: SegmentRun): void {
    const generation = run.next;
    const group = this.#groups.find((each) => each.generation === generation);
    if (group === undefined) this.#groups.push({ generation, runs: [run] });
    else group.runs.push(run);
  }

  /** The group that has waited longest; what becomes ready later is in another one. */
  take(): ReadyGroup | undefined {
    return this.#groups.shift();
  }
}
