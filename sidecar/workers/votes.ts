import type { Problem } from "../../core/errors.ts";
import type { PrepareAnswer } from "./questions.ts";
import type { WorkerError } from "./worker-link.ts";

/** What one worker said to a configuration, or why it said nothing. */
export type Vote =
  | { readonly worker: number; readonly answer: PrepareAnswer }
  | { readonly worker: number; readonly error: WorkerError };

export type Outcome =
  /** Plugins that at least one could not load, and why the others must not take them. */
  | { readonly kind: "prepared"; readonly withheld: ReadonlyMap<string, string> }
  | { readonly kind: "rejected"; readonly problems: readonly Problem[] }
  /** Nobody is against it, but somebody ended; `problems` say so, for the case that it is not tried again. */
  | { readonly kind: "lost"; readonly problems: readonly Problem[] };

/** One that is against it is enough. `where`: what the configuration is called. */
export function countVotes(votes: readonly Vote[], where: string): Outcome {
  if (votes.length === 0) return { kind: "lost", problems: [{ where, message: "no worker runs to try it" }] };
  const problems: Problem[] = [];
  const withheld = new Map<string, string>();
  let lost = true;
  for (const vote of votes) {
    if ("error" in vote) {
      lost &&= vote.error.code === "worker_gone";
      problems.push({ where, message: `${vote.error.message} while it prepared` });
    } else if (vote.answer.kind === "rejected") {
      lost = false;
      problems.push(...vote.answer.problems);
    } else {
      for (const [plugin, reason] of vote.answer.shortfalls)
        if (!withheld.has(plugin)) withheld.set(plugin, `worker ${vote.worker} could not load it: ${reason}`);
    }
  }
  if (problems.length === 0) return { kind: "prepared", withheld };
  return { kind: lost ? "lost" : "rejected", problems: withoutRepetitions(problems) };
}

/** All workers find the same fault in the same file: people read it once. */
function withoutRepetitions(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
