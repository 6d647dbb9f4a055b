import type { ControlMessage } from "../../proto/gen/mesh/v1/ControlMessage.ts";
import type { LogLines__Output } from "../../proto/gen/mesh/v1/LogLines.ts";
import { LOG_POSITION, LONGEST_TAIL } from "../model/node.ts";
import { OperationError } from "../model/operation-error.ts";
import type { LogChunk, LogRequest } from "../reports/node-logs.ts";

/** Questions to one node at once. */
const MOST_QUESTIONS = 8;
/** Of these by one reader: nobody can keep the others out. */
const MOST_OF_ONE = 4;
/** Characters that wait for one reader; what comes beyond them is dropped, and counted. */
const MOST_WAITING = 1_048_576;
/** Of each chunk, beside its lines. */
const CHUNK = 256;

interface Question {
  readonly reader: string;
  readonly follow: boolean;
  readonly waiting: LogChunk[];
  size: number;
  dropped: number;
  end: { readonly problem: OperationError | undefined } | undefined;
  wake: () => void;
}

/** What is asked of one node's logs through its stream. */
export class LogQuestions {
  readonly #write: (message: ControlMessage) => void;
  readonly #questions = new Map<number, Question>();
  #ids = 0;

  constructor(write: (message: ControlMessage) => void) {
    this.#write = write;
  }

  /** As in NodeLogs. */
  read(request: LogRequest, signal: AbortSignal): AsyncIterable<LogChunk> {
    if (this.#questions.size >= MOST_QUESTIONS)
      throw new OperationError(
        "unavailable",
        `${MOST_QUESTIONS} readers of logs of ${request.node} are enough`,
      );
    const own = this.#questions.values().filter(({ reader }) => reader === request.reader);
    if (own.toArray().length >= MOST_OF_ONE)
      throw new OperationError(
        "unavailable",
        `this token reads ${MOST_OF_ONE} logs of ${request.node} already`,
      );
    return this.#ask(request, signal);
  }

  async *#ask(request: LogRequest, signal: AbortSignal): AsyncIterable<LogChunk> {
    const id = ++this.#ids;
    const { reader, follow } = request;
    const wake = (): void => undefined;
    const question: Question = { reader, follow, waiting: [], size: 0, dropped: 0, end: undefined, wake };
    const abort = (): void => this.#end(question, undefined);
    this.#questions.set(id, question);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    try {
      const tailBytes = Math.min(request.tailBytes, LONGEST_TAIL);
      this.#write({ readLog: { id, plugin: request.plugin, tailBytes, follow, after: request.after ?? "" } });
      yield* chunksOf(question);
    } finally {
      signal.removeEventListener("abort", abort);
      // Asked twice to stop, a node that has stopped does nothing.
      if (this.#questions.delete(id)) this.#write({ readLog: { id, stop: true } });
    }
  }

  answer({ id, lines, end, problem, dropped, position, lost }: LogLines__Output): void {
    const question = this.#questions.get(id);
    if (question === undefined || question.end !== undefined) return;
    question.dropped += dropped;
    const known = LOG_POSITION.test(position) ? position : undefined;
    if (lines.length > 0 || lost || known !== undefined)
      this.#add(question, { lines, lost, position: known });
    if (problem !== "") this.#end(question, new OperationError("not_found", problem));
    else if (end) this.#end(question, undefined);
    if (problem !== "" || end) this.#questions.delete(id);
    question.wake();
  }

  /** The stream is over: who follows comes again, who wants what is there has a part of it. */
  close(): void {
    const cut = new OperationError("unavailable", "the node went away before it had told all: try again");
    for (const question of this.#questions.values()) this.#end(question, question.follow ? undefined : cut);
    this.#questions.clear();
  }

  #add(question: Question, told: Omit<LogChunk, "dropped">): void {
    const size = sizeOf(told);
    if (question.size + size > MOST_WAITING) {
      question.dropped += told.lines.length;
      return;
    }
    question.waiting.push({ ...told, dropped: question.dropped });
    question.size += size;
    question.dropped = 0;
  }

  #end(question: Question, problem: OperationError | undefined): void {
    question.end ??= { problem };
    question.wake();
  }
}

function sizeOf({ lines }: Pick<LogChunk, "lines">): number {
  return lines.reduce((sum, line) => sum + line.length + 1, CHUNK);
}

async function* chunksOf(question: Question): AsyncIterable<LogChunk> {
  while (true) {
    for (let chunk = question.waiting.shift(); chunk !== undefined; chunk = question.waiting.shift()) {
      question.size -= sizeOf(chunk);
      yield chunk;
    }
    if (question.end?.problem !== undefined) throw question.end.problem;
    if (question.end !== undefined) {
      if (question.dropped > 0)
        yield { lines: [], dropped: question.dropped, lost: false, position: undefined };
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    question.wake = resolve;
    await promise;
  }
}
