import { Command } from "commander";

import type { CommandLine } from "../../command-line.ts";
import { connect } from "../../connection.ts";
import { format } from "../../output/format.ts";
import { parseVersionName } from "../../version-name.ts";
import { VERSIONS } from "../../views/catalogue.ts";

/** `sluice plugin approve NAME@VERSION`: it may be released. */
export function approveVersionCommand(line: CommandLine): Command {
  return new Command("approve")
    .description("Allows a version to be released; never by its uploader.")
    .argument("<name@version>")
    .option("--note <text>", "why", "")
    .action(async (text: string, { note }: { readonly note: string }, command: Command) => {
      await using connection = await connect(line, command);
      const version = await connection.client.call("approveVersion", {
        params: { ...parseVersionName(text) },
        body: { note },
      });
      line.output.write(format(VERSIONS, [version], "table", line.clock.wall()));
    });
}

/** `sluice plugin refuse NAME@VERSION`: it may not. */
export function refuseVersionCommand(line: CommandLine): Command {
  return new Command("refuse")
    .description("Forbids a version to be released.")
    .argument("<name@version>")
    .requiredOption("--reason <text>", "why")
    .action(async (text: string, { reason }: { readonly reason: string }, command: Command) => {
      await using connection = await connect(line, command);
      const version = await connection.client.call("refuseVersion", {
        params: { ...parseVersionName(text) },
        body: { reason },
      });
      line.output.write(format(VERSIONS, [version], "table", line.clock.wall()));
    });
}
