import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

import { Command } from "commander";

import { formatSize } from "../../core/size.ts";
import type { CommandLine } from "../command-line.ts";
import { connect } from "../connection.ts";
import { runProgram } from "../forwarded-program.ts";

/**
 * `sluice control-plane …`: runs a control plane, which reads the flags itself; `backup` and `restore` copy its store
 * out and in.
 */
export function controlPlaneCommand(line: CommandLine): Command {
  return new Command("control-plane")
    .argument("[flags...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (flags: readonly string[]) =>
      line.ended(await runProgram("the control plane", "../control-plane/main.ts", flags)),
    )
    .addCommand(backupCommand(line))
    .addCommand(restoreCommand(line));
}

function backupCommand(line: CommandLine): Command {
  return new Command("backup")
    .description("Copies the store of the running control plane into a file; packages are not in it.")
    .argument("<file>", "made anew; an older one is replaced when the copy is whole")
    .action(async (file: string, _options: unknown, command: Command) => {
      await using connection = await connect(line, command);
      const unfinished = `${file}.unfinished`;
      const target = createWriteStream(unfinished, { mode: 0o600, flush: true });
      try {
        await pipeline(await connection.client.bytes("backup"), target);
        await rename(unfinished, file);
      } finally {
        await rm(unfinished, { force: true });
      }
      line.output.write(`${file}: ${formatSize(target.bytesWritten)}\n`);
    });
}

function restoreCommand(line: CommandLine): Command {
  return new Command("restore")
    .description("Puts a backup into the folder of a control plane that has no store yet.")
    .argument("<file>", "of `sluice control-plane backup`")
    .requiredOption("--folder <folder>", "of the control plane, as with its flag --folder")
    .action(async (file: string, { folder }: { readonly folder: string }) => {
      const args = [file, folder];
      line.ended(await runProgram("the restore", "../control-plane/restore-main.ts", args));
    });
}
