import type { Timer } from "../core/clock.ts";
import type { CommandLine } from "./command-line.ts";

/** Ends what waits: after a time, or when somebody presses Ctrl-C. Dispose of it when it is not waited for any more. */
export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: Timer;
  readonly #controller = new AbortController();

  constructor({ clock, stop }: Pick<CommandLine, "clock" | "stop">, timeout: number) {
    this.signal = AbortSignal.any([stop(), this.#controller.signal]);
    this.#timer = clock.after(timeout, () => this.#controller.abort());
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#controller.abort();
  }
}
