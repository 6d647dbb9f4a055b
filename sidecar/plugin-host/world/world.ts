import type { Plugin, PluginContext } from "../../../core/plugin-api.ts";
import { AnswerError, answerFields } from "./answer.ts";
import { fetch, settleFetch } from "./fetch.ts";
import { field, FieldReader } from "./fields.ts";
import { MAX_OUTPUT } from "./limits.ts";
import { emitDropped, log } from "./log.ts";
import { describe, emit, emitAnswer, emitFailure, output, outputLength, restore, take } from "./output.ts";
import { owner } from "./owner.ts";
import { RequestView } from "./request.ts";
import { Store } from "./store.ts";
import { fireTimer, timerGlobals } from "./timers.ts";

// What the host calls, and all it calls, inside an isolate. Every function here is one entry: it returns output of
// the records of `output.ts`, or one of the numbers below. It never returns an object and never throws: reading what
// a plugin threw would run the plugin's code outside of the entry's deadline.

/** Nothing to say: the question was answered with allow. */
export const ALLOWED = 0;
/** No answer yet. */
export const PENDING = 1;
/** Output over `MAX_OUTPUT`; it is lost. */
export const TOO_LARGE = 2;
/** The world itself failed, since a plugin changed what it stands on. */
export const BROKEN = 3;

/** What an entry gives back. */
export type EntryValue = string | number;

/** Hooks share the numbering of questions; the host numbers questions from 16. */
export const INIT = 1;
export const DESTROY = 2;

/** Given by the host as JSON. */
export interface WorldSettings {
  readonly plugin: string;
  readonly version: string;
  readonly tag: string;
  readonly positions: readonly number[];
  readonly config: unknown;
  /** Of one question, ms. */
  readonly timeout: number;
  readonly kv: { readonly bytes: number; readonly keys: number } | undefined;
  readonly fetch: boolean;
}

let context: PluginContext;
let plugin: Plugin;
let store: Store | undefined;
let timeout = 0;
let last: EntryValue = 0;
/** Which question of several is being asked. */
let underWay = 0;
const pending = new Set<number>();

/** Before the plugin's script is evaluated: makes the globals that it finds. */
export function prepare(settings: string, entries: string): EntryValue {
  return enter(() => {
    const { kv, fetch: mayFetch, timeout: ms, ...facts } = JSON.parse(settings) as WorldSettings;
    timeout = ms;
    store = kv === undefined ? undefined : new Store(kv);
    store?.take(entries);
    const allowedFetch = mayFetch ? fetch : undefined;
    context = Object.freeze({ ...facts, log, kv: store, fetch: allowedFetch });
    closeDoors();
    const queueMicrotask = (run: () => void): void => void Promise.resolve().then(run);
    Object.assign(globalThis, timerGlobals, { console: { ...log, log: log.info }, queueMicrotask });
    if (allowedFetch !== undefined) Object.assign(globalThis, { fetch: allowedFetch });
    return ALLOWED;
  });
}

/**
 * Takes away what would run code or take memory outside of an entry's bounds: finalizers and Atomics.waitAsync run
 * as tasks of their own, WebAssembly memory and shared buffers are not counted, and a plugin's prepareStackTrace
 * would run wherever somebody reads a stack.
 */
function closeDoors(): void {
  for (const name of ["FinalizationRegistry", "WebAssembly", "SharedArrayBuffer", "Atomics"])
    Reflect.deleteProperty(globalThis, name);
  Object.defineProperty(Error, "prepareStackTrace", { get: () => undefined, set: () => {} });
}

/** After the script was evaluated: takes its default export and starts `init`. */
export function begin(read: () => unknown): EntryValue {
  return enter(() => {
    const exported = read();
    if (typeof exported !== "object" || exported === null || !("execute" in exported))
      throw new TypeError("the default export must be an object with execute (see definePlugin)");
    const candidate = exported as Plugin;
    if (typeof candidate.execute !== "function") throw new TypeError("execute must be a function");
    plugin = candidate;
    owner.id = INIT;
    return runHook(INIT, candidate.init);
  }, INIT);
}

/** Starts `destroy`. */
export function end(): EntryValue {
  return enter(() => runHook(DESTROY, plugin.destroy), DESTROY);
}

function runHook(id: number, hook: ((context: PluginContext) => unknown) | undefined): EntryValue {
  if (hook === undefined) return ALLOWED;
  const result = hook.call(plugin, context);
  if (!isPromise(result)) return ALLOWED;
  pending.add(id);
  void settle(id, result, () => undefined);
  return PENDING;
}

/** Asks `execute`. */
export function ask(id: number, edits: string, tag: string, ...message: string[]): EntryValue {
  return enter(() => (execute(id, whole(message), edits, tag) ? ALLOWED : PENDING), id);
}

/**
 * Asks `execute` several times, under numbers in a row from `first` on. The first `count` of the parts have for each
 * question `+` and the fields edits and tag, or `=` where both are those of the one before; the other parts are fields
 * of the messages in the same order. Adds `W` for each question that waits, and `G` with the number behind the last that
 * was asked: not all are when there is enough to hand out already.
 */
export function askMany(first: number, count: number, ...parts: string[]): EntryValue {
  return enter(() => {
    const reader = new FieldReader(whole(parts, 0, count));
    const messages = new FieldReader(whole(parts, count));
    let edits = "";
    let tag = "";
    let next = first;
    for (; reader.more && outputLength() <= MAX_OUTPUT / 2; next++) {
      if (reader.letter() === "+") {
        edits = reader.text();
        tag = reader.text();
      }
      owner.id = next;
      underWay = next;
      askOneOfMany(next, messages.text(), edits, tag);
      underWay = 0;
    }
    // By this the host knows that this batch came to its end, and that it does not read an older one.
    emit("G", field(`${next}`));
    return ALLOWED;
  });
}

/**
 * After `askMany` was cut off: with `G` the question that it was about, and what it had to say until then. 0: it had
 * returned, and `repeat` has what it said.
 */
export function interrupted(): EntryValue {
  if (underWay === 0) return `G${field("0")}`;
  emit("G", field(`${underWay}`));
  underWay = 0;
  return finish(ALLOWED);
}

/** One question cannot fail the others, nor hand out so much that the answers of the others are lost. */
function askOneOfMany(id: number, message: string, edits: string, tag: string): void {
  const before = output();
  try {
    if (!execute(id, message, edits, tag)) emit("W", field(`${id}`));
    store?.emitChanges();
  } catch (error) {
    fail(id, error);
  }
  if (outputLength() <= MAX_OUTPUT) return;
  restore(before);
  emitFailure(id, "invalid_answer", "too much was handed out");
}

/** False when the answer is a promise. */
function execute(id: number, message: string, edits: string, tag: string): boolean {
  const answer = plugin.execute(new RequestView(message, edits, tag, timeout), context);
  if (isPromise(answer)) {
    pending.add(id);
    void settle(id, answer, answerFields);
    return false;
  }
  const fields = answerFields(answer);
  if (fields !== undefined) emitAnswer(id, fields);
  return true;
}

/** Asks `execute` in a rehearsal: what it writes to the store is undone by `forget`. */
export function rehearse(id: number, message: string, tag: string): EntryValue {
  store?.rehearse();
  return ask(id, "", tag, message);
}

/** The host no longer waits for this question. */
export function forget(id: number): EntryValue {
  pending.delete(id);
  store?.rollBack();
  return collect();
}

/** A timer's time has come. */
export function timer(id: number, ownerId: number): EntryValue {
  return enter(() => {
    fireTimer(id);
    return PENDING;
  }, ownerId);
}

/** A fetch was answered. */
export function fetched(id: number, ownerId: number, ...answer: string[]): EntryValue {
  return enter(() => {
    settleFetch(id, whole(answer));
    return PENDING;
  }, ownerId);
}

/** The sidecar knows of newer entries in the store. */
export function synchronise(...changes: string[]): EntryValue {
  return enter(() => {
    store?.take(whole(changes));
    return ALLOWED;
  });
}

/** Hands out what happened after the last entry returned: microtasks run when it is over. */
export function collect(): EntryValue {
  return finish(ALLOWED);
}

/** What the last entry returned, once more: a rejection that nobody handled is thrown in place of it. */
export function repeat(): EntryValue {
  return last;
}

async function settle(
  id: number,
  promise: unknown,
  fieldsOf: (answer: unknown) => string | undefined,
): Promise<void> {
  try {
    const fields = fieldsOf(await promise);
    if (pending.delete(id)) emitAnswer(id, fields ?? field("0") + field("") + field(""));
  } catch (error) {
    if (pending.delete(id)) fail(id, error);
  }
}

function fail(id: number, error: unknown): void {
  emitFailure(id, error instanceof AnswerError ? "invalid_answer" : "throw", describe(error));
}

/** A getter `then` is read once, here; `await` reads it again, within the same entry. */
function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

/** A text that came in parts, those from `from` up to `to`. */
function whole(parts: readonly string[], from = 0, to = parts.length): string {
  let text = "";
  for (let i = from; i < to; i++) text += parts[i];
  return text;
}

/** Runs one entry on behalf of a question, a hook or nobody. */
function enter(run: () => EntryValue, id = 0): EntryValue {
  try {
    owner.id = id;
    // Who asks for it again after this entry was cut off is not to get what an older one said.
    last = ALLOWED;
    let value: EntryValue;
    try {
      value = run();
    } catch (error) {
      fail(id, error);
      value = ALLOWED;
    }
    return finish(value);
  } catch {
    return BROKEN;
  }
}

/** Only operators from here on: whatever a plugin replaced, nothing but a short string or a number leaves. */
function finish(value: EntryValue): EntryValue {
  try {
    store?.emitChanges();
    emitDropped();
    last = withOutput(value);
  } catch {
    last = BROKEN;
  }
  return last;
}

function withOutput(value: EntryValue): EntryValue {
  const taken = take();
  if (taken === undefined) return value;
  if (taken.length > MAX_OUTPUT) return TOO_LARGE;
  return value === PENDING ? `P${taken}` : taken;
}
