import { Command } from "commander";

import type { CommandLine } from "../../command-line.ts";
import { actionCommands } from "./actions.ts";
import { createCommand, editCommand, widenCommand } from "./create.ts";
import { statusCommand } from "./status.ts";

/** `sluice release …`: putting a version on nodes, from request to done. */
export function releaseCommand(line: CommandLine): Command {
  const command = new Command("release").showHelpAfterError(
    "(`sluice get releases` lists them, `sluice describe release ID` tells all about one)",
  );
  const commands = [
    createCommand(line),
    statusCommand(line),
    editCommand(line),
    widenCommand(line),
    ...actionCommands(line),
  ];
  for (const each of commands) command.addCommand(each);
  return command;
}
