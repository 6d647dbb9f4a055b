import { Command } from "commander";

import type { ClusterChainEntry } from "../../../control-plane/model/chain.ts";
import type { CommandLine } from "../../command-line.ts";
import { clusterOf, connect } from "../../connection.ts";
import { format } from "../../output/format.ts";
import { CHAIN_ENTRIES } from "../../views/catalogue.ts";

const MODES: readonly {
  readonly name: string;
  readonly mode: ClusterChainEntry["mode"];
  readonly description: string;
}[] = [
  {
    name: "enable",
    mode: "enforce",
    description: "Its verdicts count; added to the end of the chain if it is new there.",
  },
  { name: "degrade", mode: "degrade", description: "Asked when the exchange is over, without effect on it." },
  { name: "disable", mode: "off", description: "Stays in the chain and is not asked." },
];

/** `sluice plugin enable|degrade|disable NAME` */
export function modeCommands(line: CommandLine): readonly Command[] {
  return MODES.map(({ name, mode, description }) =>
    new Command(name)
      .description(description)
      .argument("<plugin>")
      .option("--cluster <cluster>", "default: the context's")
      .action(async (plugin: string, flags: { readonly cluster?: string }, command: Command) => {
        await using connection = await connect(line, command);
        const cluster = clusterOf(connection, flags.cluster);
        const { entries } = await connection.client.call("putChainEntry", {
          params: { cluster, plugin },
          body: { mode },
        });
        line.output.write(format(CHAIN_ENTRIES, entries, "table", line.clock.wall()));
      }),
  );
}

/** `sluice plugin remove NAME`: out of the chain, and off every node. */
export function removeCommand(line: CommandLine): Command {
  return new Command("remove")
    .description(
      "Takes it out of a cluster's chain, unloads it and deletes its files on every node; its releases end.",
    )
    .argument("<plugin>")
    .option("--cluster <cluster>", "default: the context's")
    .action(async (plugin: string, flags: { readonly cluster?: string }, command: Command) => {
      await using connection = await connect(line, command);
      const cluster = clusterOf(connection, flags.cluster);
      const { entries } = await connection.client.call("removePlugin", { params: { cluster, plugin } });
      line.output.write(format(CHAIN_ENTRIES, entries, "table", line.clock.wall()));
    });
}
