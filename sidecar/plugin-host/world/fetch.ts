import type { FetchAnswer, FetchOptions, PluginFetch, PluginHeaders } from "../../../core/plugin-api.ts";
import { field, FieldReader } from "./fields.ts";
import { addValue, HeadersView } from "./headers.ts";
import { MAX_FETCHES, MAX_FETCH_REQUEST, MAX_FETCH_TIMEOUT } from "./limits.ts";
import { emit } from "./output.ts";
import { owner } from "./owner.ts";

interface Waiting {
  readonly resolve: (answer: FetchAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** The types are a promise of the author. */
type Untrusted<T> = { readonly [K in keyof T]?: unknown };

const waiting = new Map<number, Waiting>();
let lastId = 0;

/** Asks the sidecar, which knows the addresses that the manifest allows. */
export const fetch: PluginFetch = (url: unknown, options: Untrusted<FetchOptions> = {}) =>
  new Promise((resolve, reject) => {
    if (waiting.size >= MAX_FETCHES)
      throw new RangeError(`a plugin may have ${MAX_FETCHES} fetches under way`);
    const fields = requestFields(String(url), options);
    if (fields.length > MAX_FETCH_REQUEST)
      throw new RangeError(`a fetch may have ${MAX_FETCH_REQUEST} chars`);
    const id = ++lastId;
    waiting.set(id, { resolve, reject });
    emit("F", field(`${id}`) + field(`${owner.id}`) + fields);
  });

function requestFields(url: string, options: Untrusted<FetchOptions>): string {
  const { method = "GET", headers = {}, body = "", timeout = MAX_FETCH_TIMEOUT } = options;
  const wait = Math.min(MAX_FETCH_TIMEOUT, Math.max(1, Math.floor(Number(timeout) || 0)));
  const lines = Object.entries(Object(headers)).map(
    ([key, value]) => field(key) + field(field(String(value))),
  );
  return field(String(method)) + field(url) + field(`${wait}`) + field(lines.join("")) + field(String(body));
}

/** Fields of the answer: error, status, body, then names and values, one by one. */
export function settleFetch(id: number, fields: string): void {
  const waiter = waiting.get(id);
  if (waiter === undefined) return;
  waiting.delete(id);
  const reader = new FieldReader(fields);
  const error = reader.text();
  if (error !== "") waiter.reject(new Error(`fetch: ${error}`));
  else waiter.resolve(new Answer(reader.number(), reader.text(), reader));
}

class Answer implements FetchAnswer {
  readonly status: number;
  readonly headers: PluginHeaders;
  readonly #body: string;

  constructor(status: number, body: string, headers: FieldReader) {
    this.status = status;
    this.#body = body;
    this.headers = new HeadersView(() => {
      const entries = new Map<string, { key: string; value: string[] }>();
      while (headers.more) addValue(entries, headers.text(), headers.text());
      return entries;
    });
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  text(): string {
    return this.#body;
  }

  json(): unknown {
    return JSON.parse(this.#body);
  }
}
