import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { Writable } from "node:stream";

import { runCommand } from "../../cli/run-command.ts";
import { systemClock } from "../../core/clock.ts";

/** How one call of the command ended, and what it wrote. */
export interface CalledCommand {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a call finds around it; `server` and `token` instead of a context. */
export interface CommandPlace {
  readonly server?: string;
  readonly token?: string;
  readonly directory: string;
}

/** A call that goes on until it ends or is stopped. */
export interface RunningCommand {
  readonly ended: Promise<CalledCommand>;
  /** Resolves when standard output or standard error has this. */
  wrote(pattern: RegExp): Promise<void>;
  /** As Ctrl-C. */
  stop(): void;
}

/** Calls `sluice ARGS…` in this process. */
export function calledCommand(place: CommandPlace, ...args: readonly string[]): Promise<CalledCommand> {
  return startedCommand(place, ...args).ended;
}

/** Calls `sluice ARGS…` in this process and does not wait for its end. */
export function startedCommand(
  { server, token, directory }: CommandPlace,
  ...args: readonly string[]
): RunningCommand {
  const [output, errors, stop] = [new WrittenText(), new WrittenText(), new AbortController()];
  const code = runCommand(args, {
    output,
    errors,
    isTerminal: false,
    environment: {
      SLUICE_SERVER: server,
      SLUICE_TOKEN: token,
      // Nothing is read or written but in the folder.
      SLUICE_CONTEXTS: join(directory, ".sluice/contexts.yaml"),
    },
    directory,
    clock: systemClock,
    stop: () => stop.signal,
  });
  const ended = code.then((code) => ({ code, stdout: output.text, stderr: errors.text }));
  return {
    ended,
    wrote: (pattern) =>
      Promise.race([output.has(pattern), errors.has(pattern), endedWithout(pattern, ended)]),
    stop: () => stop.abort(),
  };
}

async function endedWithout(pattern: RegExp, ended: Promise<CalledCommand>): Promise<void> {
  const { stdout, stderr } = await ended;
  if (!pattern.test(stdout) && !pattern.test(stderr))
    throw new Error(`it ended without ${pattern}:\n${stdout}\n${stderr}`);
}

class WrittenText extends Writable {
  text = "";
  readonly #written = new EventEmitter();

  async has(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await once(this.#written, "written");
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString("utf8");
    this.#written.emit("written");
    done();
  }
}
