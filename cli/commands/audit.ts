import { Command } from "commander";

import { allPages } from "../all-pages.ts";
import type { CommandLine } from "../command-line.ts";
import { connect } from "../connection.ts";
import { formatOption, type FormatFlag } from "../output/format-option.ts";
import { format } from "../output/format.ts";
import { noteEmpty } from "../output/note-empty.ts";
import { usageError } from "../usage-error.ts";
import { AUDIT_EVENTS } from "../views/access.ts";

interface AuditFlags extends FormatFlag {
  readonly actor?: string;
  readonly action?: string;
  readonly record?: string;
  readonly after?: string;
}

/** `sluice audit`: who changed what, and who was refused. */
export function auditCommand(line: CommandLine): Command {
  return new Command("audit")
    .addOption(formatOption())
    .option("--actor <name>", "only what this one did")
    .option("--action <action>", "only this action, such as release.approve")
    .option("--record <kind/key>", "only what touched this record, such as releases/7")
    .option("--after <tick>", "only what came after this tick")
    .action(async ({ actor, action, record, after, output }: AuditFlags, command: Command) => {
      const [kind, ...rest] = record?.split("/") ?? [];
      const key = rest.length === 0 ? undefined : rest.join("/");
      if (after !== undefined && !/^\d{1,15}$/.test(after))
        throw usageError(`--after: expected a tick such as 41, not ${after}`);
      const afterTick = after === undefined ? undefined : Number(after);
      await using connection = await connect(line, command);
      const events = await allPages((cursor) =>
        connection.client.call("listAudit", {
          query: { limit: 500, cursor, actor, action, kind, key, afterTick },
        }),
      );
      if (events.length === 0) noteEmpty(line, "audit events", { actor, action, record, after }, output);
      line.output.write(format(AUDIT_EVENTS, events, output, line.clock.wall()));
    });
}
