import { Command, CommanderError } from "commander";

import { MeshError } from "../core/errors.ts";
import { sidecarCommand } from "./commands/sidecar.ts";
import { upCommand } from "./commands/up.ts";
import { versionCommand } from "./commands/version.ts";

const USAGE = 2;

/** Runs `sluice ARGS…`; gives the exit code: 0, 1 when it failed, 2 when it was called in a way there is not. */
export async function runCommand(args: readonly string[]): Promise<number> {
  let code = 0;
  const done = (result: number): void => void (code = result);
  const program = new Command("sluice")
    .description("A sidecar mesh whose behaviour is plugins.")
    .enablePositionalOptions()
    .exitOverride()
    .addCommand(upCommand(done))
    .addCommand(sidecarCommand(done))
    .addCommand(versionCommand());
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    return codeOf(error);
  }
  return code;
}

function codeOf(error: unknown): number {
  // commander has printed what there is to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (!(error instanceof MeshError)) throw error;
  process.stderr.write(`sluice: ${error.message}\n`);
  return 1;
}
