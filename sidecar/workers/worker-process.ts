import { fork, type ChildProcess, type ForkOptions } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import type { Clock } from "../../core/clock.ts";
import { startChild } from "../../core/start-child.ts";
import type { Answer, Ask, QuestionName } from "./questions.ts";
import { passWholeLines } from "./whole-lines.ts";
import { WorkerLink } from "./worker-link.ts";

const MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./worker-main.ts" : "./worker-main.js", import.meta.url),
);

/** ms that what a process wrote last has to come through. */
const LAST_WORDS = 1_000;

export interface WorkerOutputs {
  /** Gets whole lines of the worker's standard output. */
  readonly output: { write(lines: string): void };
  /** Gets whole lines of its standard error. */
  readonly errors: { write(lines: string): void };
}

/** How a process ended: by itself with a code, or by a signal. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process of `worker-main.ts`. Disposing of it kills it where it still runs. */
export class WorkerProcess implements AsyncDisposable {
  /** Its seat: the number that logs and metrics call it by. */
  readonly number: number;
  /** Resolves when the process is gone and its output was passed on. */
  readonly ended: Promise<WorkerEnd>;
  readonly #child: ChildProcess;
  readonly #link: WorkerLink;

  /** Throws a `ChildStartError` if the process cannot be made at all. */
  constructor(number: number, { output, errors }: WorkerOutputs, clock: Clock) {
    this.number = number;
    const options: ForkOptions = { serialization: "advanced", stdio: ["ignore", "pipe", "pipe", "ipc"] };
    const { child } = startChild(`worker ${number}`, () => fork(MAIN, [], options));
    this.#child = child;
    // A message that cannot be sent any more is answered by the end of the process.
    this.#link = new WorkerLink(
      `worker ${number}`,
      (message) => child.send(message as object, () => {}),
      clock,
    );
    child.on("message", (message) => this.#link.received(message));
    const { stdout, stderr } = child;
    const passed: Promise<void>[] = [];
    if (stdout !== null) passed.push(passWholeLines(stdout, (lines) => output.write(lines)));
    if (stderr !== null) passed.push(passWholeLines(stderr, (lines) => errors.write(lines)));
    this.ended = this.#untilEnded(passed, clock);
  }

  /** 0 where it could not even be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Rejects with a `WorkerError`. */
  async ask<Name extends QuestionName>(name: Name, ask: Ask<Name>): Promise<Answer<Name>> {
    return this.#link.ask(name, ask);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.ended;
  }

  async #untilEnded(outputs: readonly Promise<void>[], clock: Clock): Promise<WorkerEnd> {
    // `error`: it could not be started.
    const [code, signal] = (await once(this.#child, "exit").catch(() => [null, null])) as [
      number | null,
      NodeJS.Signals | null,
    ];
    this.#link.close();
    // A process that it started may hold its output open.
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = clock.after(LAST_WORDS, resolve);
    await Promise.race([Promise.all(outputs), promise]);
    return { code, signal };
  }
}
