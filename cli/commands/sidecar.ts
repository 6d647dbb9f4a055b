import { Command } from "commander";

import { SIDECAR_FLAGS } from "../../core/sidecar-flags.ts";
import type { CommandLine } from "../command-line.ts";
import { runProgram } from "../forwarded-program.ts";

/** `sluice sidecar …`: runs a sidecar, which reads the flags itself. */
export function sidecarCommand(line: CommandLine): Command {
  return new Command("sidecar")
    .argument("[flags...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (flags: readonly string[]) =>
      line.ended(await runProgram("the sidecar", "../sidecar/main.ts", flags, SIDECAR_FLAGS)),
    );
}
