import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A process of a test: its lines can be waited for, and disposing of it ends it and waits for the end. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #lines: string[] = [];
  #closed = false;
  readonly #wanted = new Set<(line: string) => void>();

  constructor(command: string, args: readonly string[], options: { readonly cwd?: string } = {}) {
    this.process = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    this.process.once("close", () => {
      this.#closed = true;
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (stream !== null) createInterface(stream).on("line", (line) => this.#take(line));
    }
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Everything printed so far, for messages of failed tests. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** The first match among the lines printed so far and those to come; rejects when the process ends without one. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    for (const line of this.#lines) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    return new Promise((resolve, reject) => {
      const ended = (): void => {
        this.#wanted.delete(look);
        reject(new Error(`ended without printing ${pattern}:\n${this.output}`));
      };
      if (this.#closed) return reject(new Error(`had ended without printing ${pattern}:\n${this.output}`));
      const look = (line: string): void => {
        const match = pattern.exec(line);
        if (match === null) return;
        this.#wanted.delete(look);
        this.process.off("close", ended);
        resolve(match);
      };
      this.#wanted.add(look);
      this.process.once("close", ended);
    });
  }

  /** Sends a signal and waits for the end; the exit code, or null where the signal ended it. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode;
    const closed = once(this.process, "close");
    this.process.kill(signal);
    await closed;
    return this.process.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }

  #take(line: string): void {
    this.#lines.push(line);
    for (const wanted of this.#wanted) wanted(line);
  }
}
