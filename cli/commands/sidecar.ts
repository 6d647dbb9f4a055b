import { Command } from "commander";

import type { CommandLine } from "../command-line.ts";
import { ChildProgram } from "../child-process.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** `sluice sidecar …`: runs a sidecar, which reads the flags itself. */
export function sidecarCommand(line: CommandLine): Command {
  return new Command("sidecar")
    .argument("[flags...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (flags: readonly string[]) => line.ended(await runSidecar(flags)));
}

async function runSidecar(flags: readonly string[]): Promise<number> {
  await using sidecar = new ChildProgram({ name: "the sidecar", script: "../sidecar/main.ts", args: flags });
  // The child drains and decides how it ended; a second signal reaches it too.
  const forward = (signal: NodeJS.Signals): void => void sidecar.end(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  try {
    return await sidecar.ended;
  } finally {
    for (const signal of SIGNALS) process.off(signal, forward);
  }
}
