import { resolve } from "node:path";

import { Command } from "commander";

import { formatSize } from "../../core/size.ts";
import { backUp, packagesFolder } from "../backup.ts";
import type { CommandLine } from "../command-line.ts";
import { connect } from "../connection.ts";
import { runProgram } from "../forwarded-program.ts";

interface RestoreFlags {
  readonly folder: string;
  readonly incomplete?: boolean;
}

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
    .action(async (args: readonly string[]) => {
      const script = "../control-plane/main.ts";
      line.ended(await runProgram(line, { name: "the control plane", script, args }));
    })
    .addCommand(backupCommand(line))
    .addCommand(restoreCommand(line));
}

function backupCommand(line: CommandLine): Command {
  return new Command("backup")
    .description(
      "Copies the store of the running control plane into FILE and its packages into FILE.packages; all that a restore needs, but no settings, certificates or secrets of tokens.",
    )
    .argument("<file>", "an older one is replaced when all of the copy is whole")
    .action(async (file: string, _options: unknown, command: Command) => {
      await using connection = await connect(line, command);
      const { store, packages, fetched, bytes } = await backUp(
        connection.client,
        resolve(line.directory, file),
      );
      line.output.write(
        `${file}: the store, ${formatSize(store)}\n${packagesFolder(file)}: ${packages} packages, ${formatSize(bytes)} (${fetched} new)\n`,
      );
    });
}

function restoreCommand(line: CommandLine): Command {
  return new Command("restore")
    .description(
      "Puts a backup, FILE and FILE.packages, into the folder of a control plane that has no store yet; every package is checked by its digest.",
    )
    .argument("<file>", "of `sluice control-plane backup`")
    .option("--incomplete", "although packages are missing, which somebody will upload again")
    .requiredOption("--folder <folder>", "of the control plane, as with its flag --folder")
    .action(async (file: string, { folder, incomplete = false }: RestoreFlags) => {
      const paths = [file, folder].map((each) => resolve(line.directory, each));
      const args = incomplete ? [...paths, "--incomplete"] : paths;
      const script = "../control-plane/restore-main.ts";
      line.ended(await runProgram(line, { name: "the restore", script, args }));
    });
}
