import { Command } from "commander";

import type { ApiClient } from "../../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../../control-plane/api/contract/client-types.ts";
import { parseDuration } from "../../../core/duration.ts";
import type { CommandLine } from "../../command-line.ts";
import { connect } from "../../connection.ts";
import type { ExitName } from "../../exit-codes.ts";
import { formatOption, type FormatFlag } from "../../output/format-option.ts";
import { format, serialised } from "../../output/format.ts";
import { Deadline } from "../../deadline.ts";
import { parseReleaseId, RELEASE_ID } from "../../release-id.ts";
import { toldWatch } from "../../told-watch.ts";
import { usageError } from "../../usage-error.ts";
import { RELEASE_NODES, RELEASES } from "../../views/releases.ts";
import { askedOfRelease, fitsNoNode, noteNextStep } from "./next-step.ts";

type Status = ApiAnswer<"getRelease">;

interface StatusFlags extends FormatFlag {
  readonly watch?: boolean;
  readonly timeout: string;
}

/** `sluice release status ID`: per node; with `-w` until it is settled, and the exit code tells. */
export function statusCommand(line: CommandLine): Command {
  return new Command("status")
    .summary("What each node has done of a release, and what comes next.")
    .description(
      "What each node has done of a release, and what comes next. With -w it ends when nothing more happens by itself: with 0 where its nodes have done all that was asked, with 8 where some have failed, with 11 where it waits for somebody before they do anything, with 1 where it has ended without being in force, with 7 when the time is over.",
    )
    .argument("<id>", RELEASE_ID, parseReleaseId)
    .addOption(formatOption())
    .option("-w, --watch", "until it is settled; the exit code tells")
    .option("--timeout <duration>", "at most, with -w; exit code 7 then", "10m")
    .action(async (id: string, flags: StatusFlags, command: Command) => {
      const timeout = parseDuration(flags.timeout);
      if (timeout === undefined)
        throw usageError(`--timeout: expected a duration such as 5m, not ${flags.timeout}`);
      await using connection = await connect(line, command);
      if (flags.watch === true)
        return await watch(line, connection.client, { id, command }, { timeout, output: flags.output });
      const status = await askedOfRelease(connection.client, { id, command }, () =>
        connection.client.call("getRelease", { params: { release: id } }),
      );
      show(line, status, flags.output);
      noteNextStep(line, status, command);
    });
}

async function watch(
  line: CommandLine,
  client: ApiClient,
  { id, command }: { readonly id: string; readonly command: Command },
  { timeout, output }: { readonly timeout: number } & FormatFlag,
): Promise<void> {
  using deadline = new Deadline(line, timeout);
  const last = await askedOfRelease(client, { id, command }, async () => {
    const options = toldWatch(line, deadline.signal);
    let seen: Status | undefined;
    for await (const status of client.watch("getRelease", { params: { release: id } }, options)) {
      seen = status;
      show(line, status, output);
      if (status.settled) break;
      if (fitsNoNode(status)) noteNextStep(line, status, command);
    }
    return seen;
  });
  if (last !== undefined && !fitsNoNode(last)) noteNextStep(line, last, command);
  line.ended(exitOf(last));
}

function show(line: CommandLine, status: Status, output: StatusFlags["output"]): void {
  const now = line.clock.wall();
  if (output === "json" || output === "yaml") {
    line.output.write(serialised(status, output));
    return;
  }
  // For scripts every line is a name.
  const gap = output === "name" ? "" : "\n";
  line.output.write(`${format(RELEASES, [status.release], output, now)}${gap}`);
  line.output.write(`${format(RELEASE_NODES, status.nodes, output, now)}${gap}`);
}

const GONE_WRONG: readonly Status["release"]["state"][] = [
  "FAILED",
  "REJECTED",
  "CANCELLED",
  "SUPERSEDED",
  "ROLLED_BACK",
];

const NOT_BEGUN: readonly Status["release"]["state"][] = ["PENDING_APPROVAL", "APPROVED"];

function exitOf(status: Status | undefined): ExitName {
  if (status === undefined || !status.settled) return "unsettled";
  if (GONE_WRONG.includes(status.release.state)) return "failed";
  if (NOT_BEGUN.includes(status.release.state)) return "waits";
  return (status.counts.failed ?? 0) > 0 ? "nodesFailed" : "done";
}
