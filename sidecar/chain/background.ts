import type { HeaderEdits } from "../../core/headers/header-edits.ts";
import { entryInForce, probeIfDue, type ChainRuntime } from "./chain-runtime.ts";
import { obstacle, type LiveEntry, type LoadedEntry } from "./live-entry.ts";
import type { AskResult, MeshMessage } from "./runner.ts";
import type { Verdict } from "./verdict.ts";

/** What a plugin in mode `degrade` would have been shown, kept until the exchange is over. */
export interface Note {
  readonly entry: LoadedEntry;
  readonly message: MeshMessage;
  /** What the enforcing plugins before it had changed. */
  readonly edits: HeaderEdits;
}

/** Exchanges whose degraded plugins are being asked at one time. */
export const BACKGROUND_LIMIT = 64;

const NO_RESULT: AskResult = {
  verdict: { kind: "failed", cause: "invalid_answer", detail: "the runtime gave no result" },
  micros: 0,
};

/** Asks the plugins in mode `degrade`, one after another for each exchange, as long as there is room. */
export class Background {
  readonly #limit: number;
  #active = 0;

  constructor(limit: number = BACKGROUND_LIMIT) {
    this.#limit = limit;
  }

  /** `done` is called once, when all were asked or dropped, perhaps synchronously. */
  ask(notes: readonly Note[], runtime: ChainRuntime, done: () => void): void {
    if (this.#active >= this.#limit) {
      for (const { entry, message } of notes) runtime.observer.dropped(entry.target.plugin, message.position);
      return done();
    }
    this.#active++;
    const next = (index: number): void => {
      const note = notes[index];
      if (note !== undefined) return askOne(note, runtime, () => next(index + 1));
      this.#active--;
      done();
    };
    next(0);
  }
}

function askOne({ entry: began, message, edits }: Note, runtime: ChainRuntime, done: () => void): void {
  const entry = entryInForce(began, message.position, runtime);
  if (entry?.kind !== "loaded") return done();
  const cause = obstacle(entry);
  if (cause !== undefined) {
    record(entry, message, { verdict: { kind: "failed", cause, detail: "not asked" }, micros: 0 }, runtime);
    if (cause === "tripped") probeIfDue(entry, message, edits, runtime);
    return done();
  }
  const deadline = runtime.clock.now() + entry.ask.timeout;
  const call = { message, edits, asks: [entry.ask], deadline, background: true };
  entry.generation.runner.run(call, ([result = NO_RESULT]) => {
    entry.breaker.record(result.verdict);
    record(entry, message, result, runtime);
    done();
  });
}

function record(
  { target }: LiveEntry,
  { position }: MeshMessage,
  { verdict, micros }: { readonly verdict: Verdict; readonly micros: number },
  { observer }: ChainRuntime,
): void {
  observer.asked({ target, position, verdict, policy: undefined, micros, background: true });
}
