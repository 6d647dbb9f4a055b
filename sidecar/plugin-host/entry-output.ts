import type { HeaderEdits } from "../../core/headers/header-edits.ts";
import { MAX_RECORDS } from "./limits.ts";
import { readEdits } from "./protocol/edits-text.ts";
import { PLUGIN_LOG_LEVELS, type PluginLogLevel } from "./protocol/messages.ts";
import { FieldError, FieldReader } from "./world/fields.ts";
import { MAX_REPEATED } from "./world/limits.ts";

/** What an isolate said, record by record; none of it can be trusted. */
export interface OutputReceiver {
  /** `edits` as `AnswerEditsReader` reads them. */
  answered(id: number, httpCode: number, edits: string, body: string): void;
  failed(id: number, cause: "throw" | "invalid_answer", detail: string): void;
  logged(level: PluginLogLevel, text: string): void;
  /** Of several questions this one waits for a promise. */
  waits(id: number): void;
  /** Of several questions this was under way when they were cut off (0: none), or is behind the last that was asked. */
  stoppedAt(id: number): void;
  /** Lines over the quota. */
  dropped(count: number): void;
  stored(key: string, json: string, expiresAt: number): void;
  deleted(key: string): void;
  timerStarted(id: number, owner: number, delay: number): void;
  timerCleared(id: number): void;
  fetched(id: number, owner: number, request: FetchCall): void;
}

export interface FetchCall {
  readonly method: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly headers: HeaderEdits;
  readonly body: string;
}

/** Reads the records of `world/output.ts`. Throws a `FieldError` where a plugin wrote nonsense. */
export function readOutput(output: string, receiver: OutputReceiver): void {
  const reader = new FieldReader(output);
  let answer: Answer | undefined;
  let repeated = 0;
  for (let count = 1; reader.more; count++) {
    if (count > MAX_RECORDS) throw new FieldError("too many records");
    const kind = reader.letter();
    if (kind === "A" || kind === "=") {
      if (kind === "=") repeated += lengthOf(answer);
      if (repeated > MAX_REPEATED) throw new FieldError("too much is told by reference");
      answer = readAnswer(kind, reader, answer, receiver);
    } else readRecord(kind, reader, receiver);
  }
}

interface Answer {
  readonly httpCode: number;
  readonly edits: string;
  readonly body: string;
}

function lengthOf(answer: Answer | undefined): number {
  return answer === undefined ? 0 : answer.edits.length + answer.body.length;
}

/** Returns what was answered, which further answers may refer to. */
function readAnswer(
  kind: "A" | "=",
  reader: FieldReader,
  before: Answer | undefined,
  to: OutputReceiver,
): Answer {
  const id = reader.number();
  const answer =
    kind === "=" ? before : { httpCode: reader.number(), edits: reader.text(), body: reader.text() };
  if (answer === undefined) throw new FieldError("an answer like another, and there is none");
  to.answered(id, answer.httpCode, answer.edits, answer.body);
  return answer;
}

function readRecord(kind: string, reader: FieldReader, to: OutputReceiver): void {
  switch (kind) {
    case "E":
      return to.failed(reader.number(), cause(reader.text()), reader.text());
    case "W":
      return to.waits(reader.number());
    case "G":
      return to.stoppedAt(reader.number());
    case "L":
      return to.logged(level(reader.text()), reader.text());
    case "D":
      return to.dropped(reader.number());
    case "S":
      return to.stored(reader.text(), reader.text(), reader.number());
    case "X":
      return to.deleted(reader.text());
    case "T":
      return to.timerStarted(reader.number(), reader.number(), reader.number());
    case "C":
      return to.timerCleared(reader.number());
    case "F":
      return to.fetched(reader.number(), reader.number(), readFetch(reader));
    default:
      throw new FieldError("an unknown record");
  }
}

function readFetch(reader: FieldReader): FetchCall {
  const method = reader.text();
  const url = reader.text();
  const timeoutMs = reader.number();
  return { method, url, timeoutMs, headers: readEdits(reader.text()), body: reader.text() };
}

function cause(text: string): "throw" | "invalid_answer" {
  if (text === "throw" || text === "invalid_answer") return text;
  throw new FieldError("an unknown cause");
}

function level(text: string): PluginLogLevel {
  const known = PLUGIN_LOG_LEVELS.find((each) => each === text);
  if (known === undefined) throw new FieldError("an unknown log level");
  return known;
}
