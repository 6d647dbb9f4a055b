import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";

import { ChildStartError, startChild } from "../../../core/start-child.ts";
import { readBreadcrumb, type Breadcrumb } from "../../plugin-host/protocol/breadcrumb.ts";
import type { HostExit, KillReason } from "./host-exit.ts";

/** What is run as a plugin host. It finds the link at descriptor 3 and the breadcrumb at 4. */
export interface HostCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Memory has no disk behind it: the breadcrumb is written before every entry into an isolate. */
const MEMORY_FOLDER = "/dev/shm";
/** Of what a host prints this much is kept for the report of its death. */
const OUTPUT_BYTES = 8 * 1024;
/** For messages. */
const WHAT = "a plugin host";
const NOBODY: Breadcrumb = { generation: 0, sequence: 0 };

/** One child process, from spawn to the moment at which nothing of it is left. Knows pipes, not plugins. */
export class HostProcess {
  /** Our end of the socket pair. */
  readonly link: Socket;
  /** Resolves when the process has ended and was reaped; never rejects. */
  readonly ended: Promise<HostExit>;
  readonly #child: ChildProcess;
  readonly #breadcrumb: number;
  #output = "";
  #killed: KillReason | undefined;
  #exited = false;

  /** Throws a `ChildStartError` if the process cannot be made at all. */
  constructor(command: HostCommand) {
    this.#breadcrumb = openBreadcrumb();
    try {
      const options: SpawnOptions = {
        env: { ...command.env },
        cwd: "/",
        stdio: ["ignore", "pipe", "pipe", "pipe", this.#breadcrumb],
      };
      this.#child = startChild(WHAT, () => spawn(command.file, command.args, options)).child;
    } catch (thrown) {
      closeSync(this.#breadcrumb);
      throw thrown;
    }
    this.link = this.#child.stdio[3] as Socket;
    this.#child.stdout?.on("data", (chunk: Buffer) => this.#keep(chunk));
    this.#child.stderr?.on("data", (chunk: Buffer) => this.#keep(chunk));
    this.ended = this.#awaitEnd();
    if (this.#child.pid !== undefined) volunteerForOom(this.#child.pid);
  }

  /** 0 where the process could not be started; then `ended` resolves soon. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return !this.#exited;
  }

  /** Who has the CPU right now. */
  get breadcrumb(): Breadcrumb {
    return this.#exited ? NOBODY : readBreadcrumb(this.#breadcrumb);
  }

  /** Ends it at once, whatever it does; the first reason stays. */
  kill(reason: KillReason): void {
    if (this.#exited) return;
    this.#killed ??= reason;
    this.#child.kill("SIGKILL");
  }

  #awaitEnd(): Promise<HostExit> {
    const child = this.#child;
    return new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (this.#exited) return;
        this.#exited = true;
        resolve(this.#describe(code, signal));
      };
      // "error" without a pid means that there never was a process, and "exit" will not come.
      child.on("error", (error) => {
        this.#keep(Buffer.from(error.message));
        if (child.pid === undefined) end(null, null);
      });
      child.on("exit", end);
    });
  }

  #describe(code: number | null, signal: NodeJS.Signals | null): HostExit {
    const onCpu = readBreadcrumb(this.#breadcrumb).generation;
    closeSync(this.#breadcrumb);
    // Our signal may have come too late for one that was ending by itself.
    const killed = signal === "SIGKILL" ? this.#killed : undefined;
    return { pid: this.pid, code, signal, killed, onCpu, output: this.#output };
  }

  #keep(chunk: Buffer): void {
    this.#output = (this.#output + chunk.toString("latin1")).slice(-OUTPUT_BYTES);
  }
}

/** A file that has no name any more: whatever happens, nothing stays behind. */
function openBreadcrumb(): number {
  const folder = existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir();
  const path = join(folder, `sluice-breadcrumb-${randomUUID()}`);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "wx+", 0o600);
    rmSync(path);
    return descriptor;
  } catch (thrown) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw new ChildStartError(WHAT, thrown);
  }
}

/** When memory runs out the kernel is to take a host, which is replaced, before anything that carries traffic. */
function volunteerForOom(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "1000");
  } catch {
    // Gone already, or a system without /proc: then the kernel chooses by size.
  }
}
