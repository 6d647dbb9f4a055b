import { Option as Flag, type Command } from "commander";

import { flagOf, type OptionTable } from "./option.ts";

/** Gives `command` a flag for each setting; what was given is read back with `flagsGiven`. */
export function addFlags(command: Command, table: OptionTable): Command {
  for (const [name, option] of Object.entries(table)) {
    const flag = flagOf(name);
    const shown = option.show(option.default);
    const description = `${option.meaning} (default ${shown === "" ? "not set" : shown})`;
    if (option.isSwitch) {
      // The form that changes the default comes first in help; the other one overrules environment and file.
      const [change, keep] = option.default
        ? [`--no-${flag.slice(2)}`, flag]
        : [flag, `--no-${flag.slice(2)}`];
      command.addOption(new Flag(change, description)).addOption(new Flag(keep).hideHelp());
    } else {
      command.addOption(new Flag(`${flag} <${option.type.replaceAll(" ", "-")}>`, description));
    }
  }
  return command;
}

/** By the setting's name, only the flags that stood on the command line. */
export function flagsGiven(command: Command, table: OptionTable): Record<string, unknown> {
  const given = Object.keys(table).filter((name) => command.getOptionValueSource(name) === "cli");
  return Object.fromEntries(given.map((name) => [name, command.getOptionValue(name)]));
}
