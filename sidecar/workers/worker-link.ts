import type { Clock } from "../../core/clock.ts";
import { MeshError, messageOf } from "../../core/errors.ts";
import { readAnswer, readAnswerMessage, type Answer, type Ask, type QuestionName } from "./questions.ts";

/** Why a worker gave no answer: it ended, it does not turn, or it could not do what it was asked. */
export type WorkerErrorCode = "worker_gone" | "worker_silent" | "worker_failed";

export class WorkerError extends MeshError<WorkerErrorCode> {
  constructor(code: WorkerErrorCode, message: string) {
    super(message, { code, source: "internal", retryable: code === "worker_gone" });
  }
}

const SECOND = 1_000;
/**
 * ms within which each is answered. What was prepared is kept for 30 s at most (see `Registry`), so that all must be
 * ready in less.
 */
const DEADLINES: Readonly<Record<QuestionName, number>> = {
  start: 20 * SECOND,
  prepare: 25 * SECOND,
  commit: 4 * SECOND,
  listen: 10 * SECOND,
  notReady: 20 * SECOND,
  metrics: 2 * SECOND,
  view: 2 * SECOND,
  plugins: 5 * SECOND,
  clusters: 5 * SECOND,
  setLogLevel: 5 * SECOND,
  releasePlugin: 5 * SECOND,
  drain: 5 * SECOND,
  cut: 5 * SECOND,
};

interface Pending {
  readonly answered: (answer: unknown) => void;
  readonly failed: (error: WorkerError) => void;
}

/** The supervisor's side of the channel to one worker: questions that are answered, each by its deadline. */
export class WorkerLink {
  readonly #name: string;
  readonly #send: (message: unknown) => void;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #closed = false;

  /** `send` may throw where the channel is closed. */
  constructor(name: string, send: (message: unknown) => void, clock: Clock) {
    this.#name = name;
    this.#send = send;
    this.#clock = clock;
  }

  /** Rejects with a `WorkerError`. */
  async ask<Name extends QuestionName>(name: Name, ask: Ask<Name>): Promise<Answer<Name>> {
    if (this.#closed) throw this.#gone();
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const deadline = DEADLINES[name];
    using _timer = this.#clock.after(deadline, () => reject(this.#silent(name, deadline)));
    this.#pending.set(id, { answered: resolve, failed: reject });
    try {
      this.#send({ id, name, ask });
      return this.#read(name, await promise);
    } catch (thrown) {
      throw thrown instanceof WorkerError ? thrown : this.#gone();
    } finally {
      this.#pending.delete(id);
    }
  }

  /** A message of the worker. What answers nothing, or too late, is dropped. */
  received(message: unknown): void {
    const read = readAnswerMessage(message);
    if (read === undefined) return;
    const pending = this.#pending.get(read.id);
    if (read.kind === "answer") pending?.answered(read.answer);
    else pending?.failed(new WorkerError("worker_failed", `${this.#name}: ${read.message}`));
  }

  /** The worker has ended: nothing is answered any more. */
  close(): void {
    this.#closed = true;
    for (const { failed } of this.#pending.values()) failed(this.#gone());
  }

  #read<Name extends QuestionName>(name: Name, answer: unknown): Answer<Name> {
    try {
      return readAnswer(name, answer);
    } catch (thrown) {
      const message = `${this.#name} gave no answer that fits ${name}: ${messageOf(thrown)}`;
      throw new WorkerError("worker_failed", message);
    }
  }

  #gone(): WorkerError {
    return new WorkerError("worker_gone", `${this.#name} ended`);
  }

  #silent(name: QuestionName, deadline: number): WorkerError {
    const message = `${this.#name} did not answer ${name} within ${deadline / SECOND}s`;
    return new WorkerError("worker_silent", message);
  }
}
