import { Worker } from "node:worker_threads";

import { systemClock, type Timer } from "../clock.ts";
import { InputError, messageOf, type Problem } from "../errors.ts";
import type { ConfigCheck } from "./config-schema.ts";
import { KnownResults } from "./known-results.ts";

/** One check that is made in the thread beside. */
export type SchemaTask =
  | { readonly kind: "schema"; readonly where: string; readonly text: string }
  | {
      readonly kind: "config";
      readonly schema: unknown;
      readonly config: unknown;
      readonly where: string;
      readonly key: string;
    };

/** What came of it, as it crosses between the threads. */
export type SchemaResult =
  | { readonly kind: "schema"; readonly schema: unknown }
  | { readonly kind: "config"; readonly check: ConfigCheck }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

interface Job {
  readonly task: SchemaTask;
  readonly done: (result: SchemaResult) => void;
}

/** A thread that nobody needed for so long, ms, is ended: it holds a validator and a heap of its own. */
const IDLE = 5_000;
/** ms; a check ends itself long before this. */
const LONGEST = 60_000;
/** MiB of heap: a schema that needs more brings down its thread and nothing else. */
const HEAP = 128;

/**
 * Checks of schemas and configs in a thread of their own, one after another: what a plugin's author wrote may keep a
 * regular expression busy for a second, and must not keep traffic waiting. The thread is started when it is needed.
 */
class SchemaThread {
  #worker: Worker | undefined;
  #job: Job | undefined;
  readonly #waiting: Job[] = [];
  #timer: Timer | undefined;

  /** Never rejects. */
  async run(task: SchemaTask): Promise<SchemaResult> {
    const { promise, resolve } = Promise.withResolvers<SchemaResult>();
    this.#waiting.push({ task, done: resolve });
    this.#next();
    return promise;
  }

  #next(): void {
    if (this.#job !== undefined) return;
    this.#timer?.[Symbol.dispose]();
    const job = this.#waiting.shift();
    const worker = this.#worker ?? this.#start();
    this.#job = job;
    if (job === undefined) {
      worker.unref();
      this.#timer = systemClock.after(IDLE, () => this.#end(worker)).unref();
      return;
    }
    // Who waits for a check must not end for want of anything to do.
    worker.ref();
    this.#timer = systemClock.after(LONGEST, () => this.#end(worker)).unref();
    try {
      worker.postMessage(job.task);
    } catch (thrown) {
      this.#finish(refusedBy(job.task, messageOf(thrown)));
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL("./schema-worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
    });
    let reason = "it took too long";
    worker.on("message", (result: SchemaResult) => this.#finish(result));
    worker.on("error", (error) => (reason = messageOf(error)));
    worker.on("exit", () => this.#ended(worker, reason));
    this.#worker = worker;
    return worker;
  }

  #finish(result: SchemaResult): void {
    const job = this.#job;
    this.#job = undefined;
    job?.done(result);
    this.#next();
  }

  #end(worker: Worker): void {
    if (this.#worker === worker && this.#job === undefined) this.#worker = undefined;
    void worker.terminate();
  }

  #ended(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const job = this.#job;
    if (job !== undefined) this.#finish(refusedBy(job.task, reason));
  }
}

/** One for the process: its tasks know nothing of each other. */
const thread = new SchemaThread();
const known = new KnownResults();

/** Never rejects. */
async function resultOf(task: SchemaTask): Promise<SchemaResult> {
  const key = known.keyOf(task);
  const before = known.find(key);
  if (before !== undefined) return before;
  const result = await thread.run(task);
  known.keep(key, result);
  return result;
}

/** As `checkSchema`, beside what else this process does. Rejects with an `InputError`. */
export async function checkSchemaApart(where: string, text: string): Promise<unknown> {
  const result = await resultOf({ kind: "schema", where, text });
  if (result.kind === "refused") throw new InputError(result.problems);
  return result.kind === "schema" ? result.schema : undefined;
}

/** As `checkConfig`, beside what else this process does. Never rejects. */
export async function checkConfigApart(
  schema: unknown,
  config: unknown,
  where: string,
  key: string,
): Promise<ConfigCheck> {
  if (schema === undefined) return { kind: "valid", config };
  const result = await resultOf({ kind: "config", schema, config, where, key });
  if (result.kind === "config") return result.check;
  return { kind: "invalid", problems: result.kind === "refused" ? result.problems : [] };
}

function refusedBy({ where }: SchemaTask, reason: string): SchemaResult {
  return { kind: "refused", problems: [{ where, message: `cannot be checked: ${reason}` }] };
}
