import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

import { ChildStartError, startChild, type StartedChild } from "../../../core/start-child.ts";
import type { OutputLines } from "./output-lines.ts";

export interface GroupCommand {
  /** Absolute path of a script with its interpreter, or a program. */
  readonly file: string;
  readonly directory: string;
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A script and whatever it starts, in a process group of its own, so that all of it can be ended. */
export class ProcessGroup {
  /** Of the script itself, which may leave its server behind: `exit code 1`, `SIGKILL`, why it did not start. */
  readonly scriptEnded: Promise<ScriptEnd>;
  /** Undefined where it could not be started. */
  readonly #child: ChildProcess | undefined;
  /** Once seen empty it is never signalled again: the number may be somebody else's. */
  #empty = false;

  /** Never throws: what cannot be started has ended, and says why. */
  constructor(command: GroupCommand, output: OutputLines) {
    const begun = start(command);
    if (begun instanceof ChildStartError) {
      this.scriptEnded = Promise.resolve(notStarted(begun));
      return;
    }
    const { child, started } = begun;
    this.#child = child;
    this.scriptEnded = endOf(child, started);
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) output.read(stream);
  }

  /** Whether any process of it runs. Cheap while the script does; else the table of processes is looked through. */
  get isAlive(): boolean {
    if (this.#child === undefined || !this.signal(0)) return false;
    const { pid = 0, exitCode, signalCode } = this.#child;
    return (exitCode === null && signalCode === null) || hasRunningMember(pid);
  }

  /** False when there is nobody left to signal. */
  signal(signal: NodeJS.Signals | 0): boolean {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#empty) return false;
    try {
      process.kill(-pid, signal);
      return true;
    } catch (thrown) {
      this.#empty = (thrown as NodeJS.ErrnoException).code === "ESRCH";
      return !this.#empty;
    }
  }

  /** Lets go of its output; for when all of it has ended. */
  release(): void {
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
  }
}

/**
 * Whether a group has a process that is more than a zombie: in a container whose first process reaps nobody's
 * orphans (a sidecar that is PID 1 for instance) those stay, and can be signalled for ever.
 */
export function hasRunningMember(group: number): boolean {
  let names: readonly string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return true;
  }
  return names.some((name) => {
    // `pid (name) state parent group …`, where the name may hold anything.
    const fields = /^\d+$/.test(name) ? statusOf(name) : [];
    return Number(fields[2]) === group && fields[0] !== "Z";
  });
}

function statusOf(pid: string): readonly string[] {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "latin1");
    return line.slice(line.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

export interface ScriptEnd {
  /** It ended with code 0: its server may go on without it. */
  readonly wasOrderly: boolean;
  readonly reason: string;
}

function start({ file, directory, environment }: GroupCommand): StartedChild<ChildProcess> | ChildStartError {
  const options: SpawnOptions = {
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  };
  try {
    return startChild(file, () => spawn(file, [], options));
  } catch (thrown) {
    return thrown as ChildStartError;
  }
}

function notStarted({ reason }: ChildStartError): ScriptEnd {
  return { wasOrderly: false, reason: `cannot be started: ${reason}` };
}

async function endOf(child: ChildProcess, started: Promise<void>): Promise<ScriptEnd> {
  const { promise, resolve } = Promise.withResolvers<ScriptEnd>();
  started.catch((error: ChildStartError) => resolve(notStarted(error)));
  child.once("exit", (code, signal) => {
    resolve({ wasOrderly: code === 0, reason: code === null ? `${signal}` : `exit code ${code}` });
  });
  return promise;
}
