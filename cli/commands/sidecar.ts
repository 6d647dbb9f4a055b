import { Command } from "commander";

import { SIDECAR_ENVIRONMENT, SIDECAR_FLAGS } from "../../core/sidecar-process.ts";
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
      const program = {
        name: "the sidecar",
        script: "../sidecar/main.ts",
        args,
        nodeFlags: SIDECAR_FLAGS,
        environment: SIDECAR_ENVIRONMENT,
      };
      line.ended(await runProgram(line, program));
    });
}
