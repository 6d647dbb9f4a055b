import { failedAnswer, timed } from "./entry-result.ts";
import type { Ask } from "./batch.ts";
import type { Generation } from "./generation.ts";
import type { JoinedEdits } from "./protocol/edits-text.ts";
import type { EntryResult, Run } from "./protocol/messages.ts";
import type { Waiter } from "./questions.ts";

/** One segment of one exchange on its way through the plugins that it names. */
export class SegmentRun implements Waiter {
  readonly run: Run;
  readonly results: EntryResult[] = [];
  /** Where `LiveRuns` keeps it. */
  slot = -1;
  readonly #joined: JoinedEdits;
  readonly #ready: (run: SegmentRun) => void;
  #edits: string;
  #over = false;

  /** `joined` is shared with the runs beside it; `ready` is told when it may go on after having waited. */
  constructor(run: Run, joined: JoinedEdits, ready: (run: SegmentRun) => void) {
    this.run = run;
    this.#edits = run.edits;
    this.#joined = joined;
    this.#ready = ready;
  }

  /** No further plugin is to be asked. */
  get over(): boolean {
    return this.#over || this.results.length >= this.run.entries.length;
  }

  /** The generation to ask next. */
  get next(): number {
    return this.run.entries[this.results.length]?.generation ?? 0;
  }

  /** Asks the next plugin; false: it has to wait. */
  step(generation: Generation | undefined): boolean {
    const result =
      generation === undefined
        ? timed(failedAnswer("not_loaded", "the host does not have this generation"), 0, 0)
        : generation.ask(this.ask());
    if (result === undefined) return false;
    this.#take(result);
    return true;
  }

  /** What the next plugin is asked. */
  ask(): Ask {
    const tag = this.run.entries[this.results.length]?.tag ?? "";
    return { message: this.run.message, edits: this.#edits, tag, waiter: this };
  }

  answered(result: EntryResult): void {
    if (this.#over) return;
    this.#take(result);
    this.#ready(this);
  }

  /** The results so far are all there will be. */
  cancel(): void {
    this.#over = true;
  }

  #take(result: EntryResult): void {
    const entry = this.run.entries[this.results.length];
    this.results.push(result);
    if (result.failure !== undefined) this.#over = entry?.stopOnFailure ?? true;
    else if (result.httpCode !== 0) this.#over = true;
    else this.#edits = this.#joined.of(this.#edits, result.edits);
  }
}
