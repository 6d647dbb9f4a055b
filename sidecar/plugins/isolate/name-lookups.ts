import { lookup as systemLookup, type LookupAddress, type LookupOptions } from "node:dns";

import type { Clock } from "../../../core/clock.ts";

export type LookupDone = (failure: Error | null, found: readonly LookupAddress[]) => void;

/** As `dns.lookup` with `all`. */
export type ResolveName = (
  name: string,
  options: LookupOptions & { readonly all: true },
  done: (failure: Error | null, found: LookupAddress[]) => void,
) => void;

export interface NameLookupsOptions {
  readonly clock: Clock;
  /** ms after which whoever asks gets an error, even if the system has not answered. */
  readonly deadline: number;
  /** Default `dns.lookup`. */
  readonly resolve?: ResolveName;
}

/**
 * `dns.lookup` blocks one of the process's four worker threads, cannot be cancelled, and takes as long as the slowest
 * name server: the sidecar's own files must always have one, and no plugin more than its share.
 */
const AT_ONCE = 3;
const AT_ONCE_FOR_PLUGIN = 1;

interface Question {
  readonly plugin: string;
  readonly name: string;
  readonly options: LookupOptions;
  /** Those who still wait. */
  readonly askers: Set<LookupDone>;
}

/** The names that plugins fetch from, resolved with bounds for each plugin and for all of them. */
export class NameLookups {
  readonly #clock: Clock;
  readonly #deadline: number;
  readonly #resolve: ResolveName;
  readonly #waiting: Question[] = [];
  readonly #running = new Set<Question>();

  constructor({ clock, deadline, resolve = systemLookup }: NameLookupsOptions) {
    this.#clock = clock;
    this.#deadline = deadline;
    this.#resolve = resolve;
  }

  /** `done` is called once, at the latest when the deadline has passed. Same questions of a plugin are asked once. */
  lookup(plugin: string, name: string, options: LookupOptions, done: LookupDone): void {
    const question =
      this.#find(plugin, name, options) ?? this.#enqueue({ plugin, name, options, askers: new Set() });
    const asker: LookupDone = (failure, found) => {
      timer[Symbol.dispose]();
      done(failure, found);
    };
    const timer = this.#clock.after(this.#deadline, () => {
      question.askers.delete(asker);
      done(new Error(`${name} was not resolved within ${this.#deadline} ms`), []);
    });
    timer.unref();
    question.askers.add(asker);
    this.#next();
  }

  #find(plugin: string, name: string, options: LookupOptions): Question | undefined {
    return [...this.#running, ...this.#waiting].find(
      (each) => each.plugin === plugin && each.name === name && each.options.family === options.family,
    );
  }

  #enqueue(question: Question): Question {
    this.#waiting.push(question);
    return question;
  }

  #next(): void {
    while (this.#running.size < AT_ONCE) {
      const index = this.#waiting.findIndex(({ plugin }) => this.#runningFor(plugin) < AT_ONCE_FOR_PLUGIN);
      const [question] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (question === undefined) return;
      // Nobody waits for it any more.
      if (question.askers.size > 0) this.#ask(question);
    }
  }

  #ask(question: Question): void {
    this.#running.add(question);
    this.#resolve(question.name, { ...question.options, all: true }, (failure, found) => {
      this.#running.delete(question);
      for (const asker of question.askers) asker(failure, found);
      this.#next();
    });
  }

  #runningFor(plugin: string): number {
    let count = 0;
    for (const each of this.#running) if (each.plugin === plugin) count++;
    return count;
  }
}
