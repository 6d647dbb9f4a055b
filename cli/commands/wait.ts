import { Command, Option } from "commander";

import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import { parseDuration } from "../../core/duration.ts";
import type { CommandLine } from "../command-line.ts";
import { clusterOf, connect } from "../connection.ts";
import { Deadline } from "../deadline.ts";
import { progress } from "../output/progress.ts";
import { toldWatch } from "../told-watch.ts";
import { usageError } from "../usage-error.ts";

type Convergence = ApiAnswer<"getConvergence">;

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
      const last = await watched(line, cluster, connection.client.watch("getConvergence", request, options));
      if (last === undefined)
        line.errors.write(`sluice: nothing of ${cluster} was heard in ${flags.timeout}\n`);
      if (last === undefined || endOf(last) === undefined) return line.ended("unsettled");
      if (endOf(last) === "failed") line.ended("nodesFailed");
    });
}

/** Shows how it stands until it is settled or given up: each change, or in a terminal a bar and where it came to. */
async function watched(
  line: CommandLine,
  cluster: string,
  states: AsyncIterable<Convergence>,
): Promise<Convergence | undefined> {
  const show = ({ synced, online, pending, rejected }: Convergence): void => {
    line.output.write(`${synced} of ${online} synced, ${pending} pending, ${rejected} rejected\n`);
  };
  let last: Convergence | undefined;
  {
    using bar = progress(line, `waiting for ${cluster} {bar} {value} of {total} nodes synced`, 0);
    for await (const state of states) {
      last = state;
      bar.update(state.synced, state.online);
      if (!line.isTerminal) show(state);
      if (endOf(state) !== undefined) break;
    }
  }
  if (line.isTerminal && last !== undefined) show(last);
  return last;
}

/** Undefined: it may still come. */
function endOf({ converged, pending, rejected }: Convergence): "converged" | "failed" | undefined {
  if (converged) return "converged";
  return pending === 0 && rejected > 0 ? "failed" : undefined;
}
