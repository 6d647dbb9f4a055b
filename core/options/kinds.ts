import { formatAddress, parseAddress, type Address } from "../address.ts";
import { DURATION_FORM, formatDuration, parseDuration } from "../duration.ts";
import { suggestion } from "../nearest.ts";
import { exactSize, parseSize, SIZE_FORM } from "../size.ts";
import type { Option, Read } from "./option.ts";

interface Bounds {
  readonly min: number;
  readonly max: number;
}

interface Definition<Value> {
  readonly default: Value;
  readonly meaning: string;
  /** Default true. */
  readonly inFile?: boolean;
}

/** Milliseconds, written `200ms`. */
export function duration(definition: Definition<number> & Bounds): Option<number> {
  return bounded("duration", definition, parseDuration, formatDuration, DURATION_FORM);
}

/** Bytes, written `32MiB`. */
export function size(definition: Definition<number> & Bounds): Option<number> {
  return bounded("size", definition, parseSize, exactSize, SIZE_FORM);
}

/** A whole number. */
export function integer(definition: Definition<number> & Bounds): Option<number> {
  return bounded("number", definition, parseInteger, String, "a whole number");
}

/** A whole number, or the one word that stands for a number that the program finds out. */
export function integerOr<const Word extends string>(
  word: Word,
  definition: Definition<number | NoInfer<Word>> & Bounds,
): Option<number | Word> {
  const { min, max } = definition;
  const range = `${min} to ${max}, or ${word}`;
  const read = (input: unknown): Read<number | Word> => {
    if (input === word) return good(word);
    const value = parseInteger(textOf(input) ?? "");
    if (value !== undefined && value >= min && value <= max) return good(value);
    return expected(range, input);
  };
  return { ...base("number", definition), range, read, show: String };
}

/** `true` or `false`; as a flag `--name` and `--no-name`. */
export function toggle(definition: Definition<boolean>): Option<boolean> {
  const read = (input: unknown): Read<boolean> => {
    if (input === true || input === "true") return good(true);
    if (input === false || input === "false") return good(false);
    return expected("true or false", input);
  };
  return { ...base("bool", definition), isSwitch: true, read, show: String };
}

/** A fraction between 0 and 1. */
export function fraction(definition: Definition<number>): Option<number> {
  const parse = (text: string): number | undefined =>
    /^(?:0|1|0?\.\d{1,6}|[01]\.0+)$/.test(text) ? Number(text) : undefined;
  return bounded("number", { ...definition, min: 0, max: 1 }, parse, String, "a number from 0 to 1");
}

/** `host:port`. */
export function address(definition: Definition<Address>): Option<Address> {
  const read = (input: unknown): Read<Address> => {
    const value = parseAddress(textOf(input) ?? "");
    return value === undefined ? expected("an address such as 127.0.0.1:15101", input) : good(value);
  };
  return { ...base("address", definition), read, show: formatAddress };
}

/** One of a closed list of words. */
export function choice<const Word extends string>(
  words: readonly Word[],
  definition: Definition<NoInfer<Word>>,
): Option<Word> {
  const read = (input: unknown): Read<Word> => {
    const word = words.find((each) => each === input);
    if (word !== undefined) return good(word);
    const hint = typeof input === "string" ? suggestion(input, words) : "";
    return { ok: false, problem: `expected one of ${words.join(", ")}, not ${quote(input)}${hint}` };
  };
  return { ...base("word", definition), range: words.join(", "), read, show: String };
}

/** Any text that is not empty; "" only as a default, for "not set". */
export function text(definition: Definition<string>): Option<string> {
  const read = (input: unknown): Read<string> =>
    typeof input === "string" && input !== "" ? good(input) : expected("a text", input);
  return { ...base("text", definition), read, show: String };
}

/** `https://host:port/path`, as it was given; "" only as a default, for "not set". */
export function webAddress(definition: Definition<string>): Option<string> {
  const read = (input: unknown): Read<string> => {
    const given = textOf(input) ?? "";
    const url = URL.parse(given);
    const isPlain = url !== null && /^https?:$/.test(url.protocol) && !/[?#@]/.test(given);
    return isPlain ? good(given) : expected("an address such as https://control-plane:7400", input);
  };
  return { ...base("URL", definition), read, show: String };
}

/** Items separated by commas, or a list in a file; `check` says what is wrong with one. */
export function list(
  item: string,
  check: (text: string) => string | undefined,
  definition: Definition<readonly string[]>,
): Option<readonly string[]> {
  const read = (input: unknown): Read<readonly string[]> => {
    const items = itemsOf(input);
    if (items === undefined) return expected(`a list of ${item}`, input);
    for (const each of items) {
      const problem = check(each);
      if (problem !== undefined) return { ok: false, problem: `${quote(each)}: ${problem}` };
    }
    return good(items);
  };
  return { ...base(`list of ${item}`, definition), read, show: (value) => value.join(",") };
}

function bounded(
  type: string,
  definition: Definition<number> & Bounds,
  parse: (text: string) => number | undefined,
  show: (value: number) => string,
  example: string,
): Option<number> {
  const range = `${show(definition.min)} to ${show(definition.max)}`;
  const read = (input: unknown): Read<number> => {
    const value = parse(textOf(input) ?? "");
    if (value === undefined) return expected(example, input);
    if (value >= definition.min && value <= definition.max) return good(value);
    return { ok: false, problem: `${show(value)} is out of range, expected ${range}` };
  };
  return { ...base(type, definition), range, read, show };
}

function base<Value>(type: string, definition: Definition<Value>): Omit<Option<Value>, "read" | "show"> {
  const { meaning, inFile = true } = definition;
  return { type, meaning, default: definition.default, range: "", inFile, isSwitch: false };
}

function parseInteger(input: string): number | undefined {
  return /^-?\d{1,15}$/.test(input) ? Number(input) : undefined;
}

/** YAML reads `10` as a number where a flag is the text "10". */
function textOf(input: unknown): string | undefined {
  if (typeof input === "string") return input.trim();
  return typeof input === "number" ? String(input) : undefined;
}

function itemsOf(input: unknown): readonly string[] | undefined {
  if (typeof input === "string") {
    return input
      .split(",")
      .map((each) => each.trim())
      .filter((each) => each !== "");
  }
  if (!Array.isArray(input)) return undefined;
  const items: unknown[] = input;
  return items.every((each) => typeof each === "string") ? items : undefined;
}

function good<Value>(value: Value): Read<Value> {
  return { ok: true, value };
}

function expected(what: string, input: unknown): Read<never> {
  return { ok: false, problem: `expected ${what}, not ${quote(input)}` };
}

/** Input in a message, cut so that a page pasted into a setting does not fill the terminal. */
function quote(input: unknown): string {
  const shown = typeof input === "string" ? JSON.stringify(input) : (JSON.stringify(input) ?? "nothing");
  return shown.length <= 60 ? shown : `${shown.slice(0, 57)}…`;
}
