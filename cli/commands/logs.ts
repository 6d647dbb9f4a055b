import { Command } from "commander";

import { LONGEST_TAIL } from "../../control-plane/model/node.ts";
import { formatSize, parseSize } from "../../core/size.ts";
import type { CommandLine } from "../command-line.ts";
import { connect } from "../connection.ts";
import { nameOf } from "../kind-and-name.ts";
import { printable } from "../output/table.ts";
import { toldWatch } from "../told-watch.ts";
import { usageError } from "../usage-error.ts";

interface LogFlags {
  readonly node: string;
  readonly follow?: boolean;
  readonly tail: string;
}

/** `sluice logs plugin NAME --node NODE`: what a plugin logged there. */
export function logsCommand(line: CommandLine): Command {
  const plugin = new Command("plugin")
    .description("The end of a plugin's log on one node, and with -f what is written from now on.")
    .argument("<plugin>", "", nameOf("plugin"))
    .requiredOption("--node <node>", "where it runs", nameOf("node"))
    .option(
      "-f, --follow",
      "goes on with what comes, until Ctrl-C; a lost connection loses no line that the node keeps",
    )
    .option("--tail <size>", `how much of what is there, at most ${formatSize(LONGEST_TAIL)}`, "64KiB")
    .action(async (name: string, { node, follow, tail: size }: LogFlags, command: Command) => {
      const tail = parseSize(size);
      if (tail === undefined) throw usageError(`--tail: expected a size such as 64KiB, not ${size}`);
      if (tail > LONGEST_TAIL) throw usageError(`--tail: at most ${formatSize(LONGEST_TAIL)}, not ${size}`);
      await using connection = await connect(line, command);
      const request = { params: { node, plugin: name }, query: { tail } };
      if (follow !== true) return print(line, await connection.client.text("readLog", request));
      for await (const piece of connection.client.follow("readLog", request, toldWatch(line, line.stop())))
        print(line, piece);
    });
  return new Command("logs").addCommand(plugin);
}

/** Lines that plugins wrote must not move the cursor of whoever reads them. */
function print(line: CommandLine, text: string): void {
  for (const each of text.split("\n")) if (each !== "") line.output.write(`${printable(each)}\n`);
}
