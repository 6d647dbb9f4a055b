import { Command } from "commander";

import type { ApiClient } from "../../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../../control-plane/api/contract/client-types.ts";
import type { CommandLine } from "../../command-line.ts";
import { connect } from "../../connection.ts";
import { format } from "../../output/format.ts";
import { parseReleaseId, RELEASE_ID } from "../../release-id.ts";
import { RELEASES } from "../../views/releases.ts";
import { askedOfRelease, noteNextStep } from "./next-step.ts";
import { namesOf } from "./target-flags.ts";

type Changed = ApiAnswer<"activateRelease">;

interface ActionFlags {
  readonly note: string;
  readonly reason: string;
  readonly nodes?: string;
  readonly to?: string;
}

/** What one action takes beside the release's number, and how it is asked for. */
interface ActionCommand {
  readonly name: string;
  readonly description: string;
  readonly takes?: "note" | "reason" | "nodes" | "to";
  readonly ask: (client: ApiClient, id: string, flags: ActionFlags) => Promise<Changed>;
}

const of = (release: string): { readonly release: string } => ({ release });

const ACTIONS: readonly ActionCommand[] = [
  {
    name: "approve",
    description: "One approval; never by its author.",
    takes: "note",
    ask: (client, id, { note }) => client.call("approveRelease", { params: of(id), body: { note } }),
  },
  {
    name: "reject",
    description: "Refuses it.",
    takes: "reason",
    ask: (client, id, { reason }) => client.call("rejectRelease", { params: of(id), body: { reason } }),
  },
  {
    name: "bypass",
    description: "An emergency: goes on without approvals, audited as such.",
    takes: "reason",
    ask: (client, id, { reason }) => client.call("bypassRelease", { params: of(id), body: { reason } }),
  },
  {
    name: "cancel",
    description: "Withdraws it before it is in force.",
    takes: "note",
    ask: (client, id, { note }) => client.call("cancelRelease", { params: of(id), body: { note } }),
  },
  {
    name: "download",
    description: "Its nodes fetch the package; again for those that failed.",
    ask: (client, id) => client.call("downloadRelease", { params: of(id), body: {} }),
  },
  {
    name: "activate",
    description: "Its nodes put it in force; again for those that failed.",
    ask: (client, id) => client.call("activateRelease", { params: of(id), body: {} }),
  },
  {
    name: "promote",
    description: "Gray becomes full, as a step of the same release.",
    ask: (client, id) => client.call("promoteRelease", { params: of(id), body: {} }),
  },
  {
    name: "complete",
    description: "Done: its version is what the cluster runs from now on.",
    ask: (client, id) => client.call("completeRelease", { params: of(id), body: {} }),
  },
  {
    name: "fail",
    description: "Gives up: its nodes go back to the version before.",
    takes: "reason",
    ask: (client, id, { reason }) => client.call("failRelease", { params: of(id), body: { reason } }),
  },
  {
    name: "retry",
    description: "Sends once more what nodes refused or could not load.",
    takes: "nodes",
    ask: (client, id, { nodes }) =>
      client.call("retryRelease", {
        params: of(id),
        body: nodes === undefined ? {} : { nodes: namesOf(nodes) },
      }),
  },
  {
    name: "rollback",
    description: "A new release to the version before, or to another, which supersedes what runs.",
    takes: "to",
    ask: (client, id, { to, note }) =>
      client.call("rollBackRelease", {
        params: of(id),
        body: { ...(to === undefined ? {} : { version: to }), note },
      }),
  },
  {
    name: "delete",
    description: "Ends a gray release that is in force; removes the record of a full one that no node uses.",
    ask: (client, id) => client.call("deleteRelease", { params: of(id) }),
  },
];

/** `sluice release approve ID` and the other actions; each prints the new state. */
export function actionCommands(line: CommandLine): readonly Command[] {
  return ACTIONS.map(({ name, description, takes, ask }) => {
    const command = new Command(name).description(description).argument("<id>", RELEASE_ID, parseReleaseId);
    if (takes === "note" || takes === "to") command.option("--note <text>", "for the record", "");
    if (takes === "reason") command.requiredOption("--reason <text>", "why, for the record");
    if (takes === "nodes") command.option("--nodes <nodes>", "only these, e.g. a,b");
    if (takes === "to") command.option("--to <version>", "default: the version before");
    return command.action(async (id: string, flags: ActionFlags, self: Command) => {
      await using connection = await connect(line, self);
      const { client } = connection;
      const { release } = await askedOfRelease(client, { id, command: self }, () => ask(client, id, flags));
      line.output.write(format(RELEASES, [release], "table", line.clock.wall()));
      noteNextStep(line, { release, counts: {} }, self);
    });
  });
}
