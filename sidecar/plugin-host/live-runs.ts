import type { SegmentRun } from "./segment-run.ts";

/**
 * The runs that are not answered. An array and not a Map: a Map that is always filled and emptied leaves a chain of
 * old tables, and through them garbage collection kept every second run until the next full collection (measured).
 */
export class LiveRuns {
  readonly #runs: SegmentRun[] = [];

  add(run: SegmentRun): void {
    run.slot = this.#runs.length;
    this.#runs.push(run);
  }

  /** False when it is not there any more. */
  remove(run: SegmentRun): boolean {
    const { slot } = run;
    if (this.#runs[slot] !== run) return false;
    const last = this.#runs.pop();
    if (last !== undefined && last !== run) {
      this.#runs[slot] = last;
      last.slot = slot;
    }
    return true;
  }

  /** By its number; for cancelling, which is rare. */
  find(id: number): SegmentRun | undefined {
    return this.#runs.find((live) => live.run.id === id);
  }
}
