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
    .action(async (args: readonly string[]) => {
      const script = "../sidecar/main.ts";
      line.ended(await runProgram(line, { name: "the sidecar", script, args, nodeFlags: SIDECAR_FLAGS }));
    });
}
