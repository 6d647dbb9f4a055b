import { field } from "./fields.ts";
import { MAX_ERROR_TEXT, MAX_OUTPUT, MAX_REPEATED } from "./limits.ts";

// What this entry into the isolate has to say to the host, in the order in which it happened. Each record is a
// letter and its fields; `../entry-output.ts` reads them.

let said = "";
/** The fields of the answer that was told last in this entry. */
let answered = "";
/** Chars of the answers that were told by `=` in this entry. */
let repeated = 0;

/** Adds a record. */
export function emit(kind: string, fields: string): void {
  // Past the bound it is refused as a whole (see `take`); growing it further would only cost memory.
  if (said.length <= MAX_OUTPUT) said += kind + fields;
}

/** Adds an answer; of one that says the same as the one before only the question's number. */
export function emitAnswer(id: number, fields: string): void {
  if (fields === answered && (repeated += fields.length) <= MAX_REPEATED) return emit("=", field(`${id}`));
  emit("A", field(`${id}`) + fields);
  answered = fields;
}

/** Undefined: nothing to say. Only operators touch what leaves, since a plugin may replace every method. */
export function take(): string | undefined {
  const taken = said;
  answered = "";
  repeated = 0;
  said = "";
  return taken === "" ? undefined : taken;
}

/** What was said so far in this entry, to come back to by `restore`. */
export function output(): string {
  return said;
}

export function outputLength(): number {
  return said.length;
}

export function restore(before: string): void {
  answered = "";
  said = before;
}

/** `text` of at most `max` chars. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

/** Whatever was thrown, as text with its place in the script; never throws. */
export function describe(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return cut(String(thrown), MAX_ERROR_TEXT);
    const text = String(thrown);
    const stack = `${thrown.stack}`;
    const places = stack
      .split("\n")
      .filter((line) => line.startsWith("    at ") && !line.includes("sluice:"));
    return cut([text, ...places.slice(0, 6)].join("\n"), MAX_ERROR_TEXT);
  } catch {
    return "an error that cannot be shown";
  }
}

/** Reports that a question or hook failed. */
export function emitFailure(id: number, cause: "throw" | "invalid_answer", detail: string): void {
  emit("E", field(`${id}`) + field(cause) + field(cut(detail, MAX_ERROR_TEXT)));
}
