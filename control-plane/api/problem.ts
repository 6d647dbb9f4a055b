import { InputError, MeshError, namedOf, type Problem } from "../../core/errors.ts";
import { PROBLEM_CODES, type ProblemCode } from "./contract/problem-codes.ts";

/** A problem document of RFC 9457, as it is sent. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly problems?: readonly Problem[];
}

/** Trouble with the request itself; operations have `OperationError`. */
export class RequestError extends MeshError<ProblemCode> {
  constructor(code: ProblemCode, message: string) {
    super(message, { code, source: "input" });
  }
}

/** What is told of anything that was thrown: of what nobody foresaw only that it happened. */
export function problemOf(thrown: unknown): ProblemDocument {
  if (thrown instanceof InputError) return documentOf("invalid_input", thrown.message, thrown.problems);
  if (thrown instanceof MeshError && isProblemCode(thrown.code)) {
    const problems = "problems" in thrown ? (thrown.problems as readonly Problem[]) : [];
    return documentOf(thrown.code, thrown.message, problems);
  }
  return documentOf("internal", "the control plane's log says more, by this request's id", []);
}

function documentOf(code: ProblemCode, detail: string, problems: readonly Problem[]): ProblemDocument {
  const { status, title } = PROBLEM_CODES[code];
  const document = { type: `urn:sluice:problem:${code}`, title, status, code, detail };
  return problems.length === 0 ? document : { ...document, problems: namedOf(problems) };
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEM_CODES, code);
}
