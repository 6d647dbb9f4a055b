import type { FetchCall } from "./entry-output.ts";
import { STANDBY_LAG } from "./limits.ts";
import type {
  FetchResponse,
  FromHost,
  IdleTimers,
  KeyValueEntry,
  LogLine,
  PluginLogLevel,
} from "./protocol/messages.ts";
import { field } from "./world/fields.ts";
import {
  MAX_ERROR_TEXT,
  MAX_FETCHES,
  MAX_FETCH_TIMEOUT,
  MAX_KEY,
  MAX_LOG_LINE,
  MAX_LOG_LINES,
  MAX_TIMER_DELAY,
  MAX_TIMERS,
  MAX_VALUE,
} from "./world/limits.ts";

/** What a generation needs of the host around it. */
export interface HostLink {
  send(frame: FromHost): void;
  /** Starts a fetch; `done` gets its answer. Returns what stops waiting for it. */
  fetch(generation: number, call: FetchCall, done: (answer: FetchResponse) => void): () => void;
  /** Something was done outside of a read: whatever became ready is to be run now. */
  turn(): void;
  /** Asks for a call of `sweep` soon. */
  sweepSoon(generation: { sweep(): void }): void;
  /** When timers fire that no question waits for. */
  readonly timers: IdleTimers;
}

/** Calls into the isolate, on behalf of the owner of what woke it. */
export interface Wakes {
  timer(id: number, owner: number): void;
  fetched(id: number, owner: number, answer: string): void;
  /** Milliseconds by which a timer has to be put off, since the generation did too much that nobody waits for. */
  debt(): number;
  /** Whether a question waits for what its owner does. */
  waitedFor(owner: number): boolean;
}

/** What plugins do to the world around them, within bounds that the world inside already kept, if it was let be. */
export class Effects {
  readonly #generation: number;
  readonly #link: HostLink;
  readonly #wakes: Wakes;
  readonly #timers = new Map<number, NodeJS.Timeout>();
  /** Owners by timer, of those that wait because this is a standby. */
  readonly #putOff = new Map<number, number>();
  readonly #fetches = new Map<number, () => void>();
  #lines: LogLine[] = [];
  #dropped = 0;
  #set: KeyValueEntry[] = [];
  #deleted: string[] = [];
  #second = 0;
  #linesInSecond = 0;

  constructor(generation: number, link: HostLink, wakes: Wakes) {
    this.#generation = generation;
    this.#link = link;
    this.#wakes = wakes;
  }

  log(level: PluginLogLevel, text: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#linesInSecond = 0;
    }
    if (++this.#linesInSecond > 2 * MAX_LOG_LINES) this.#dropped++;
    else this.#lines.push({ level, text: text.slice(0, Math.max(MAX_LOG_LINE, MAX_ERROR_TEXT)) });
  }

  dropped(count: number): void {
    this.#dropped += count;
  }

  stored(key: string, value: string, expiresAt: number): void {
    if (key.length <= MAX_KEY && value.length <= MAX_VALUE) this.#set.push({ key, value, expiresAt });
  }

  deleted(key: string): void {
    if (key.length <= MAX_KEY) this.#deleted.push(key);
  }

  startTimer(id: number, owner: number, delay: number): void {
    clearTimeout(this.#timers.get(id));
    if (!this.#timers.has(id) && this.#timers.size >= MAX_TIMERS) return;
    const wait = Math.min(MAX_TIMER_DELAY, Math.max(1, delay));
    this.#after(wait, id, () => this.#due(id, owner));
  }

  clearTimer(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#putOff.delete(id);
  }

  /** The host has become the active one: what was put off is due. */
  hasten(): void {
    for (const [id, owner] of this.#putOff) {
      clearTimeout(this.#timers.get(id));
      this.#after(1, id, () => this.#fire(id, owner));
    }
    this.#putOff.clear();
  }

  fetch(id: number, owner: number, call: FetchCall): void {
    if (this.#fetches.has(id) || this.#fetches.size >= MAX_FETCHES) return;
    const bounded = { ...call, timeoutMs: Math.min(MAX_FETCH_TIMEOUT, Math.max(1, call.timeoutMs)) };
    const stop = this.#link.fetch(this.#generation, bounded, (answer) => {
      this.#fetches.delete(id);
      this.#wakes.fetched(id, owner, answerText(answer));
    });
    this.#fetches.set(id, stop);
  }

  /** Sends what one entry did; before the answer that the entry gave. */
  flush(): void {
    const generation = this.#generation;
    if (this.#lines.length > 0 || this.#dropped > 0) {
      this.#link.send({ kind: "log", generation, lines: this.#lines, dropped: this.#dropped });
      this.#lines = [];
      this.#dropped = 0;
    }
    if (this.#set.length > 0 || this.#deleted.length > 0) {
      this.#link.send({ kind: "keyValue", generation, set: this.#set, deleted: this.#deleted });
      this.#set = [];
      this.#deleted = [];
    }
  }

  /** Nothing is woken any more. */
  end(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const stop of this.#fetches.values()) stop();
    this.#timers.clear();
    this.#putOff.clear();
    this.#fetches.clear();
  }

  #after(milliseconds: number, id: number, run: () => void): void {
    this.#timers.set(id, setTimeout(run, milliseconds));
  }

  #due(id: number, owner: number): void {
    if (this.#link.timers === "due" || this.#wakes.waitedFor(owner)) return this.#fire(id, owner);
    this.#putOff.set(id, owner);
    this.#after(STANDBY_LAG, id, () =>
      this.#link.timers === "held" ? this.#due(id, owner) : this.#fire(id, owner),
    );
  }

  #fire(id: number, owner: number): void {
    this.#putOff.delete(id);
    const debt = this.#wakes.debt();
    if (debt >= 1) return this.#after(debt, id, () => this.#fire(id, owner));
    this.#timers.delete(id);
    this.#wakes.timer(id, owner);
    this.#link.turn();
  }
}

/** As `world/fetch.ts` reads it. */
function answerText(answer: FetchResponse): string {
  let text = field(answer.error) + field(`${answer.status}`) + field(answer.body.toString("utf8"));
  for (const { name, values } of answer.headers)
    for (const value of values) text += field(name) + field(value);
  return text;
}
