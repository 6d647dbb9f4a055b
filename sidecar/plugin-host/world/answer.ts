import { field } from "./fields.ts";
import { MAX_ANSWER_BODY, MAX_ANSWER_EDITS, MAX_ANSWER_HEADERS } from "./limits.ts";

/** Says what is wrong with an answer. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
}

/**
 * The fields of an answer, or undefined when it allows and changes nothing. Shapes and sizes are checked here; the
 * host checks again and knows which headers are legal.
 */
export function answerFields(answer: unknown): string | undefined {
  if (answer === undefined || answer === null) return undefined;
  if (typeof answer !== "object")
    throw new AnswerError(`expected an object or nothing, got ${typeof answer}`);
  let httpCode = 0;
  let edits = "";
  let body = "";
  for (const key in answer) {
    const value: unknown = (answer as Record<string, unknown>)[key];
    if (value === undefined) continue;
    if (key === "httpCode") httpCode = checkedCode(value);
    else if (key === "headerSet") edits = editFields(value);
    else if (key === "body") body = checkedBody(value);
    else throw new AnswerError(`unknown key '${key}'; an answer has httpCode, headerSet and body`);
  }
  if (httpCode === 0 && edits === "") return undefined;
  return field(`${httpCode}`) + field(edits) + field(body);
}

function checkedCode(value: unknown): number {
  if (value === 0 || (typeof value === "number" && value >= 200 && value <= 599 && value % 1 === 0))
    return value;
  throw new AnswerError(`httpCode must be 0 or 200 to 599, got ${shown(value)}`);
}

function checkedBody(value: unknown): string {
  if (typeof value !== "string") throw new AnswerError(`body must be a string, got ${typeof value}`);
  if (value.length > MAX_ANSWER_BODY) throw new AnswerError(`body has more than ${MAX_ANSWER_BODY} chars`);
  return value;
}

/** Of a list or a record; every property is read once, since it may be a getter. */
function editFields(headerSet: unknown): string {
  if (typeof headerSet !== "object" || headerSet === null)
    throw new AnswerError(`headerSet must be a list or a record, got ${shown(headerSet)}`);
  let out = "";
  let count = 0;
  const add = (key: unknown, value: unknown): void => {
    if (typeof key !== "string") throw new AnswerError(`a header's key must be a string, got ${shown(key)}`);
    out += field(key) + field(valueFields(key, value));
    if (++count > MAX_ANSWER_EDITS)
      throw new AnswerError(`headerSet has more than ${MAX_ANSWER_EDITS} headers`);
    if (out.length > MAX_ANSWER_HEADERS)
      throw new AnswerError(`headerSet has more than ${MAX_ANSWER_HEADERS} chars`);
  };
  if (Array.isArray(headerSet)) {
    const length = headerSet.length;
    for (let i = 0; i < length; i++) {
      const header: unknown = headerSet[i];
      if (typeof header !== "object" || header === null)
        throw new AnswerError("headerSet lists objects with key and value");
      const { key, value } = header as { readonly key: unknown; readonly value: unknown };
      add(key, value);
    }
  } else for (const key in headerSet) add(key, (headerSet as Record<string, unknown>)[key]);
  return out;
}

function valueFields(key: string, value: unknown): string {
  if (typeof value === "string") return field(value);
  if (typeof value === "number") return field(`${value}`);
  if (value === null) return "";
  if (!Array.isArray(value))
    throw new AnswerError(`the value of '${key}' must be a string, a list of strings or null`);
  let out = "";
  const length = value.length;
  for (let i = 0; i < length; i++) {
    const each: unknown = value[i];
    if (typeof each !== "string" && typeof each !== "number")
      throw new AnswerError(`the values of '${key}' must be strings, got ${shown(each)}`);
    out += field(`${each}`);
    if (out.length > MAX_ANSWER_HEADERS)
      throw new AnswerError(`headerSet has more than ${MAX_ANSWER_HEADERS} chars`);
  }
  return out;
}

/** Never runs what a plugin wrote. */
function shown(value: unknown): string {
  return typeof value === "number" || value === null ? `${value}` : typeof value;
}
