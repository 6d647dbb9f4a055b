import { Command, Option } from "commander";

import { ALARM_KINDS, type AlarmKind } from "../../control-plane/model/alarm.ts";
import type { CommandLine } from "../command-line.ts";
import { connect } from "../connection.ts";
import { format } from "../output/format.ts";
import { nameOf } from "../kind-and-name.ts";
import { parseTime } from "../time.ts";
import { SILENCES } from "../views/alarms.ts";

interface SilenceFlags {
  readonly kind?: AlarmKind;
  readonly cluster?: string;
  readonly node?: string;
  readonly plugin?: string;
  readonly until: string;
  readonly reason: string;
}

/** `sluice silence …`: no webhook is called for what is known already. */
export function silenceCommand(line: CommandLine): Command {
  const create = new Command("create")
    .description("No webhook is called for alarms that fit, until it ends.")
    .addOption(new Option("--kind <kind>").choices(ALARM_KINDS))
    .option("--cluster <cluster>")
    .option("--node <node>", "", nameOf("node"))
    .option("--plugin <plugin>", "", nameOf("plugin"))
    .requiredOption("--until <time>", "2026-05-01T12:00:00Z, or +2h from now")
    .requiredOption("--reason <text>", "why, for the record")
    .action(async ({ until, ...fits }: SilenceFlags, command: Command) => {
      await using connection = await connect(line, command);
      const body = { ...fits, until: parseTime(until, line.clock.wall()) };
      const silence = await connection.client.call("createSilence", { body });
      line.output.write(format(SILENCES, [silence], "table", line.clock.wall()));
    });
  const end = new Command("delete")
    .description("Ends a silence.")
    .argument("<id>", "", nameOf("silence"))
    .action(async (silence: string, _flags: unknown, command: Command) => {
      await using connection = await connect(line, command);
      await connection.client.call("deleteSilence", { params: { silence } });
      line.output.write(`silence/${silence} ended\n`);
    });
  return new Command("silence")
    .showHelpAfterError("(`sluice get silences` lists them)")
    .addCommand(create)
    .addCommand(end);
}
