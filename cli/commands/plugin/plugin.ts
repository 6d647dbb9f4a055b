import { Command } from "commander";

import type { CommandLine } from "../../command-line.ts";
import { approveVersionCommand, refuseVersionCommand } from "./approval.ts";
import { modeCommands, removeCommand } from "./chain-commands.ts";
import { newCommand } from "./new.ts";
import { packCommand } from "./pack.ts";
import { pushCommand } from "./push.ts";

/** `sluice plugin …` */
export function pluginCommand(line: CommandLine): Command {
  const command = new Command("plugin").showHelpAfterError(
    "(`sluice get plugins` lists them, `sluice describe plugin NAME` tells all about one)",
  );
  const commands = [
    newCommand(line),
    packCommand(line),
    pushCommand(line),
    approveVersionCommand(line),
    refuseVersionCommand(line),
    ...modeCommands(line),
    removeCommand(line),
  ];
  for (const each of commands) command.addCommand(each);
  return command;
}
