import { Command, Option } from "commander";

import { parseDuration } from "../../core/duration.ts";
import type { CommandLine } from "../command-line.ts";
import { clusterOf, connect } from "../connection.ts";
import { Deadline } from "../deadline.ts";
import { progress } from "../output/progress.ts";
import { toldWatch } from "../told-watch.ts";
import { usageError } from "../usage-error.ts";

interface WaitFlags {
  readonly for: string;
  readonly cluster?: string;
  readonly timeout: string;
}

/** `sluice wait --for=converged`: until every node that is not OFFLINE has what it should have. */
export function waitCommand(line: CommandLine): Command {
  return new Command("wait")
    .addOption(new Option("--for <condition>").choices(["converged"]).default("converged"))
    .option("--cluster <cluster>", "default: the context's")
    .option("--timeout <duration>", "at most; exit code 7 then", "5m")
    .action(async (flags: WaitFlags, command: Command) => {
      const timeout = parseDuration(flags.timeout);
      if (timeout === undefined)
        throw usageError(`--timeout: expected a duration such as 5m, not ${flags.timeout}`);
      await using connection = await connect(line, command);
      const cluster = clusterOf(connection, flags.cluster);
      using deadline = new Deadline(line, timeout);
      const request = { params: { cluster } };
      const options = toldWatch(line, deadline.signal);
      using bar = progress(line, `waiting for ${cluster} {bar} {value} of {total} nodes synced`, 0);
      for await (const state of connection.client.watch("getConvergence", request, options)) {
        const { synced, online, pending, rejected, converged } = state;
        const failed = pending === 0 && rejected > 0;
        bar.update(synced, online);
        if (failed || converged) bar[Symbol.dispose]();
        if (failed || converged || !line.isTerminal)
          line.output.write(`${synced} of ${online} synced, ${pending} pending, ${rejected} rejected\n`);
        if (converged) return;
        if (failed) return line.ended("nodesFailed");
      }
      line.ended("unsettled");
    });
}
