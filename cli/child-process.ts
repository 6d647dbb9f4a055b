import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { MeshError } from "../core/errors.ts";
import { PARENT_PIPE } from "../core/parent-pipe.ts";
import { startChild, type ChildStartError } from "../core/start-child.ts";

export interface ChildOptions {
  /** For messages: `the demo app`. */
  readonly name: string;
  /** Of the script, relative to this file. */
  readonly script: string;
  readonly args: readonly string[];
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
  /** What its environment has beside ours. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Hears each line of standard output; absent: it goes to ours. */
  readonly onLine?: (line: string) => void;
}

/** How a process ended; the signal that ended it, where it did not do so itself; why there never was one. */
export type ChildEnd =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "unstarted"; readonly error: ChildStartError };

/** A part of Sluice that runs in a process of its own, under the Node that runs this one. */
export class ChildProgram implements AsyncDisposable {
  readonly name: string;
  /** Never rejects. */
  readonly ended: Promise<ChildEnd>;
  readonly #process: ChildProcess;

  /** Throws a `ChildStartError` if the process cannot be made at all. */
  constructor({ name, script, args, nodeFlags = [], environment, onLine }: ChildOptions) {
    this.name = name;
    const path = fileURLToPath(new URL(script, import.meta.url));
    const output = onLine === undefined ? "inherit" : "pipe";
    // A group of its own: Ctrl-C at the terminal reaches this process alone, which then says to each child what to
    // do, once and in order. Standard input is a pipe that ends when this process does, however it does.
    const env = { ...process.env, ...environment, [PARENT_PIPE]: "1" };
    const options: SpawnOptions = { stdio: ["pipe", output, "inherit"], detached: true, env };
    const all = [...nodeFlags, path, ...args];
    const { child, started } = startChild(name, () => spawn(process.execPath, all, options));
    this.#process = child;
    this.ended = endOf(child, started);
    if (this.#process.stdout !== null && onLine !== undefined) {
      createInterface(this.#process.stdout).on("line", onLine);
    }
  }

  get running(): boolean {
    if (this.#process.pid === undefined) return false;
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Asks it to end in order; resolves when it has. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<ChildEnd> {
    if (this.running) this.#process.kill(signal);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }
}

/** A child that ended although nobody here asked it to, or never was. What it printed stands where its output goes. */
export function endedEarly(name: string, end: ChildEnd): MeshError {
  if (end.kind === "unstarted") return end.error;
  if (end.kind === "exit") {
    const how =
      end.code === 0
        ? "was asked to end, by a signal or otherwise, and not from here; what it did until then stands above"
        : `ended with code ${end.code}; it says why above`;
    return new MeshError(`${name} ${how}`, { code: "child_ended", source: "internal" });
  }
  const cause = end.signal === "SIGKILL" ? ", by somebody or for want of memory" : "";
  const message = `${name} was ended by ${end.signal}${cause}; what it did until then stands above`;
  return new MeshError(message, { code: "child_killed", source: "internal" });
}

async function endOf(child: ChildProcess, started: Promise<void>): Promise<ChildEnd> {
  try {
    await started;
  } catch (error) {
    return { kind: "unstarted", error: error as ChildStartError };
  }
  // Not `once`, which rejects where a signal could not be sent.
  await new Promise((resolve) => child.once("close", resolve));
  const { exitCode, signalCode } = child;
  if (signalCode !== null) return { kind: "signal", signal: signalCode };
  return { kind: "exit", code: exitCode ?? 1 };
}
