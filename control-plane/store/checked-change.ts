import { contentHash } from "../../core/content-hash.ts";
import type { Problem } from "../../core/errors.ts";
import { configProblems } from "../../core/packages/config-references.ts";
import type { Actor } from "../model/actor.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Change, Store } from "./store.ts";

/** A change within which configs are judged by schemas, without anybody waiting for that. */
export interface CheckedChange extends Change {
  /** What is wrong with the config, as `configProblems` of core/packages says. */
  configProblems(...question: Question): readonly Problem[];
}

type Question = Parameters<typeof configProblems>;

/** Schemas that others put in force between two attempts are rare; more often than this in a row they are not. */
const ATTEMPTS = 5;

/**
 * As `store.change`. A plugin's author can make the check of a config last for seconds, and within a change all others
 * wait: so a change that asks for checks which nobody has made is undone, they are made in the thread beside, and it
 * begins anew. `run` must be repeatable.
 */
export async function checkedChange<Result>(
  store: Pick<Store, "change">,
  by: Actor,
  action: string,
  run: (change: CheckedChange) => Promise<Result>,
): Promise<{ readonly tick: number; readonly result: Result }> {
  const answers = new Map<string, readonly Problem[]>();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const open = new Map<string, Question>();
    try {
      return await store.change(by, action, (change) => attemptOf(change, run, answers, open));
    } catch (thrown) {
      if (!(thrown instanceof Unchecked)) throw thrown;
    }
    for (const [key, question] of open) answers.set(key, await configProblems(...question));
  }
  throw new OperationError("conflict", "what the configs have to fit changes all the time: try again");
}

/** Undoes a change that has open questions. */
class Unchecked extends Error {}

async function attemptOf<Result>(
  change: Change,
  run: (change: CheckedChange) => Promise<Result>,
  answers: ReadonlyMap<string, readonly Problem[]>,
  open: Map<string, Question>,
): Promise<Result> {
  const ask = (...question: Question): readonly Problem[] => {
    const [schema] = question;
    if (schema === undefined) return [];
    const key = contentHash(question);
    const answer = answers.get(key);
    if (answer === undefined) open.set(key, question);
    return answer ?? [];
  };
  const [outcome] = await Promise.allSettled([run({ ...change, configProblems: ask })]);
  // Also where something else is wrong: all of it is told at once.
  if (open.size > 0) throw new Unchecked();
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}
