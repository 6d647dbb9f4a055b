/** Who has to act: the caller, the app behind us, a plugin, an operator's input, or Sluice itself. */
export const ERROR_SOURCES = ["downstream", "upstream", "plugin", "input", "internal"] as const;
export type ErrorSource = (typeof ERROR_SOURCES)[number];

/** What every error of Sluice carries beside its message: what happened, whose fault, may it be retried. */
export interface ErrorFacts<Code extends string = string> {
  readonly code: Code;
  readonly source: ErrorSource;
  /** True only where trying the same thing again can give another result. Default false. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** The base of all typed errors; `code` is stable and documented, `message` is for people. */
export class MeshError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly source: ErrorSource;
  readonly retryable: boolean;

  constructor(message: string, facts: ErrorFacts<Code>) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.code = facts.code;
    this.source = facts.source;
    this.retryable = facts.retryable ?? false;
  }
}

/**
 * One thing wrong with something that a person wrote; `where` is a file (empty: several), `key` a path in it
 * (`chain[2].timeout`).
 */
export interface Problem {
  readonly where: string;
  readonly key?: string;
  readonly message: string;
}

/** Problems that are named at once: a file of brackets alone has thousands, which nobody reads. */
export const MOST_NAMED = 20;

/** Input that was refused as a whole; `problems` are all that were found, the message names most of them. */
export class InputError extends MeshError<"invalid_input"> {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(namedOf(problems).map(describeProblem).join("\n"), { code: "invalid_input", source: "input" });
    this.problems = problems;
  }
}

/**
 * What is said of problems, in a message, a log or an answer: the first `MOST_NAMED`, and one more that tells how many
 * there are beside them. For the last step only: what is cut here cannot be counted again.
 */
export function namedOf(problems: readonly Problem[]): readonly Problem[] {
  const left = problems.slice(MOST_NAMED);
  const [next] = left;
  if (next === undefined) return problems;
  const where = left.every((each) => each.where === next.where) ? next.where : "";
  const message = `and ${left.length} more`;
  const key = commonKey(left);
  return [...problems.slice(0, MOST_NAMED), key === "" ? { where, message } : { where, key, message }];
}

/** What their keys begin with: whoever looks for the plugin of `chain[2].config.a` finds that of `chain[2].config`. */
function commonKey(problems: readonly Problem[]): string {
  const [first = [], ...others] = problems.map(({ key = "" }) => key.split(/(?=[.[])/));
  const end = first.findIndex((part, index) => others.some((parts) => parts[index] !== part));
  return first.slice(0, end === -1 ? first.length : end).join("");
}

/** `mesh.yaml: chain[2].timeout: expected a duration such as 50ms` */
export function describeProblem({ where, key = "", message }: Problem): string {
  return [where, key, message].filter((part) => part !== "").join(": ");
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
