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

/** Calls `sluice ARGS…` in this process. */
export async function calledCommand(
  { server, token, directory }: CommandPlace,
  ...args: readonly string[]
): Promise<CalledCommand> {
  const output = new WrittenText();
  const errors = new WrittenText();
  const code = await runCommand(args, {
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
    stop: new AbortController().signal,
  });
  return { code, stdout: output.text, stderr: errors.text };
}

class WrittenText extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}
