import { Command } from "commander";
import { stringify } from "yaml";

import type { ApiClient } from "../../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../../control-plane/api/contract/client-types.ts";
import type { ClusterChainEntry } from "../../../control-plane/model/chain.ts";
import type { CommandLine } from "../../command-line.ts";
import { clusterOf, connect } from "../../connection.ts";
import { nameOf } from "../../kind-and-name.ts";
import { format } from "../../output/format.ts";
import { printable } from "../../output/table.ts";
import { CHAIN_ENTRIES } from "../../views/catalogue.ts";

type Chain = ApiAnswer<"getChain">;
type Release = ApiAnswer<"getRelease">["release"];

const MODES: readonly {
  readonly name: string;
  readonly mode: ClusterChainEntry["mode"];
  readonly description: string;
}[] = [
  {
    name: "enable",
    mode: "enforce",
    description:
      "Its verdicts count; added to the end of the chain, without tag and config, if it is new there.",
  },
  { name: "degrade", mode: "degrade", description: "Asked when the exchange is over, without effect on it." },
  {
    name: "disable",
    mode: "off",
    description: "Stays in the chain, with its place, tag and config, and is not asked.",
  },
];

/** `sluice plugin enable|degrade|disable NAME` */
export function modeCommands(line: CommandLine): readonly Command[] {
  return MODES.map(({ name, mode, description }) =>
    new Command(name)
      .description(description)
      .argument("<plugin>", "", nameOf("plugin"))
      .option("--cluster <cluster>", "default: the context's")
      .action(async (plugin: string, flags: { readonly cluster?: string }, command: Command) => {
        await using connection = await connect(line, command);
        const cluster = clusterOf(connection, flags.cluster);
        const { entries } = await connection.client.call("putChainEntry", {
          params: { cluster, plugin },
          body: { mode },
        });
        line.output.write(format(CHAIN_ENTRIES, entries, "table", line.clock.wall()));
        if (mode !== "off") await noteNothingRuns(line, connection.client, { cluster, plugin });
      }),
  );
}

const IN_FORCE: readonly Release["state"][] = ["ACTIVE", "DONE", "GRAY", "ACTIVATING"];

/** An entry alone runs nothing: a version gets onto nodes by a release. */
async function noteNothingRuns(
  line: CommandLine,
  client: ApiClient,
  { cluster, plugin }: { readonly cluster: string; readonly plugin: string },
): Promise<void> {
  const { items } = await client.call("listReleases", { query: { cluster, plugin } });
  if (items.some(({ state }) => IN_FORCE.includes(state))) return;
  const open = items.find(({ actions }) => actions.includes("download") || actions.includes("approve"));
  const { items: versions } = await client.call("listVersions", { params: { plugin } });
  const next =
    open === undefined
      ? nextRelease({ cluster, plugin }, items, versions)
      : `sluice release status ${open.id}`;
  line.errors.write(
    `note: no version of ${plugin} is in force in ${cluster}: nodes run it when a release brings one; next: ${next}\n`,
  );
}

const WENT_WRONG: readonly Release["state"][] = ["FAILED", "REJECTED", "ROLLED_BACK"];

/**
 * The version that was released last, or else uploaded last, of those that nobody refused and whose last release did not
 * go wrong; where there is none, what there is. `releases` are newest first, `versions` oldest first.
 */
function nextRelease(
  { cluster, plugin }: { readonly cluster: string; readonly plugin: string },
  releases: readonly Release[],
  versions: ApiAnswer<"listVersions">["items"],
): string {
  const fits = ({ version, approval }: (typeof versions)[number]): boolean => {
    const last = releases.find((release) => release.version === version);
    return approval !== "REFUSED" && (last === undefined || !WENT_WRONG.includes(last.state));
  };
  const fitting = new Set(versions.filter(fits).map(({ version }) => version));
  const released = releases.find(({ version }) => fitting.has(version))?.version;
  const version = released ?? [...fitting].at(-1);
  return version === undefined
    ? `sluice describe plugin ${plugin}`
    : `sluice release create ${plugin}@${version} --cluster ${cluster} --full`;
}

/** `sluice plugin remove NAME`: out of the chain, and off every node. */
export function removeCommand(line: CommandLine): Command {
  return new Command("remove")
    .description(
      "Takes it out of a cluster's chain, with its place, tag and config, unloads it and deletes its files on every node; its releases end. `disable` keeps all of that.",
    )
    .argument("<plugin>", "", nameOf("plugin"))
    .option("--cluster <cluster>", "default: the context's")
    .action(async (plugin: string, flags: { readonly cluster?: string }, command: Command) => {
      await using connection = await connect(line, command);
      const { client } = connection;
      const params = { cluster: clusterOf(connection, flags.cluster), plugin };
      const before = await client.call("getChain", { params });
      const { entries } = await client.call("removePlugin", { params });
      line.output.write(format(CHAIN_ENTRIES, entries, "table", line.clock.wall()));
      noteLostEntry(line, before, plugin);
    });
}

/** What was written for the plugin is nowhere but in the audit from now on: said while it is on the screen. */
function noteLostEntry(line: CommandLine, { cluster, entries }: Chain, plugin: string): void {
  const entry = entries.find((each) => each.plugin === plugin);
  if (entry === undefined) return;
  const { mode: _, ...written } = entry;
  const lines = stringify(written).trimEnd().split("\n");
  line.errors.write(
    `note: its entry, ${entries.indexOf(entry) + 1} of ${entries.length} in the chain of ${cluster}, is gone with it; \`plugin enable\` would add it at the end without this:\n${lines.map((each) => `  ${printable(each)}\n`).join("")}`,
  );
}
