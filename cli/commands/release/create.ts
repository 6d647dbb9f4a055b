import { Command } from "commander";

import type { ApiClient } from "../../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../../control-plane/api/contract/client-types.ts";

import type { CommandLine } from "../../command-line.ts";
import { clusterOf, connect } from "../../connection.ts";
import { format } from "../../output/format.ts";
import { parseReleaseId, RELEASE_ID } from "../../release-id.ts";
import { parseTime } from "../../time.ts";
import { parseVersionName } from "../../version-name.ts";
import { RELEASES } from "../../views/releases.ts";
import { askedOfRelease, noteNextStep, withOpenRelease } from "./next-step.ts";
import { addTargetFlags, requiredTarget, targetOf, type TargetFlags } from "./target-flags.ts";

type Release = ApiAnswer<"getRelease">["release"];

interface CreateFlags extends TargetFlags {
  readonly cluster?: string;
  readonly at?: string;
  readonly note: string;
}

/** `sluice release create NAME@VERSION`: asks for a version to be put on nodes. */
export function createCommand(line: CommandLine): Command {
  const command = new Command("create")
    .description("Asks for a version to be put on nodes of a cluster.")
    .argument("<name@version>")
    .option("--cluster <cluster>", "default: the context's")
    .option("--at <time>", "begins by itself then: 2026-05-01T12:00:00Z, or +30m from now")
    .option("--note <text>", "why, for approvers", "");
  return addTargetFlags(command).action(async (text: string, flags: CreateFlags, self: Command) => {
    const target = requiredTarget(flags);
    const scheduledAt = flags.at === undefined ? undefined : parseTime(flags.at, line.clock.wall());
    await using connection = await connect(line, self);
    const { client } = connection;
    const { plugin, version } = parseVersionName(text);
    const cluster = clusterOf(connection, flags.cluster);
    const time = scheduledAt === undefined ? {} : { scheduledAt };
    const body = { plugin, version, cluster, target, note: flags.note, ...time };
    const { release } = await withOpenRelease(client, { cluster, plugin }, self, () =>
      client.call("createRelease", { body }),
    );
    line.output.write(format(RELEASES, [release], "table", line.clock.wall()));
    await noteNodes(line, client, release);
    noteNextStep(line, { release, counts: {} }, self);
  });
}

/** How many nodes a note names. */
const NAMED = 5;

/** Which nodes a gray target fits: whoever named it may have meant others, or there may be none. */
async function noteNodes(
  line: CommandLine,
  client: ApiClient,
  { id, cluster, target }: Release,
): Promise<void> {
  if (target.kind === "full" || target.kind === "traffic") return;
  const { nodes } = await client.call("getRelease", { params: { release: String(id) } });
  const names = nodes.filter(({ targeted }) => targeted).map(({ node }) => node);
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  line.errors.write(
    names.length === 0
      ? `note: no node of ${cluster} fits the target now: the release waits for nodes that do${target.kind === "percentage" ? ", and each step looks for one anew" : ""}\n`
      : `note: for ${names.length} of ${nodes.length} nodes of ${cluster}: ${names.slice(0, NAMED).join(", ")}${more}\n`,
  );
}

/** `sluice release edit ID`: other target, time or note; approvals are revoked. */
export function editCommand(line: CommandLine): Command {
  const command = new Command("edit")
    .description("Changes target, time or note before it is in force; approvals given so far are revoked.")
    .argument("<id>", RELEASE_ID, parseReleaseId)
    .option("--at <time>", "begins by itself then")
    .option("--note <text>", "why");
  return addTargetFlags(command).action(
    async (id: string, flags: TargetFlags & Partial<CreateFlags>, self: Command) => {
      const target = targetOf(flags);
      await using connection = await connect(line, self);
      const body = {
        ...(target === undefined ? {} : { target }),
        ...(flags.at === undefined ? {} : { scheduledAt: parseTime(flags.at, line.clock.wall()) }),
        ...(flags.note === undefined ? {} : { note: flags.note }),
      };
      const { release } = await askedOfRelease(connection.client, { id, command: self }, () =>
        connection.client.call("editRelease", { params: { release: id }, body }),
      );
      line.output.write(format(RELEASES, [release], "table", line.clock.wall()));
      if (target !== undefined) await noteNodes(line, connection.client, release);
      noteNextStep(line, { release, counts: {} }, self);
    },
  );
}

/** `sluice release widen ID`: another target while gray is in force. */
export function widenCommand(line: CommandLine): Command {
  const command = new Command("widen")
    .description("Gives a gray release that is in force another target.")
    .argument("<id>", RELEASE_ID, parseReleaseId);
  return addTargetFlags(command).action(async (id: string, flags: TargetFlags, self: Command) => {
    const target = requiredTarget(flags);
    await using connection = await connect(line, self);
    const { release } = await askedOfRelease(connection.client, { id, command: self }, () =>
      connection.client.call("widenRelease", { params: { release: id }, body: { target } }),
    );
    line.output.write(format(RELEASES, [release], "table", line.clock.wall()));
    await noteNodes(line, connection.client, release);
    noteNextStep(line, { release, counts: {} }, self);
  });
}
