import { Command } from "commander";

import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import { suggestion } from "../../core/nearest.ts";
import { allPages } from "../all-pages.ts";
import type { CommandLine } from "../command-line.ts";
import { connect } from "../connection.ts";
import { format } from "../output/format.ts";
import { askedOfRelease, nextStepText } from "./release/next-step.ts";
import { kindAndName, nameOf } from "../kind-and-name.ts";
import { parseReleaseId } from "../release-id.ts";
import { printable, table } from "../output/table.ts";
import { usageError } from "../usage-error.ts";
import { CHAIN_ENTRIES, VERSIONS } from "../views/catalogue.ts";
import { explainedPlugins, NODE_PLUGINS, REFUSED } from "../views/nodes.ts";
import { approvalsText, RELEASE_NODES, RELEASES, targetText } from "../views/releases.ts";

type NodeAnswer = ApiAnswer<"getNode">;
type Facts = readonly (readonly [label: string, value: string])[];

/** `sluice describe KIND NAME`: all about one thing, for people. */
export function describeCommand(line: CommandLine): Command {
  const command = new Command("describe")
    .argument("[thing]", "KIND/NAME, as `-o name` prints it")
    .allowExcessArguments()
    .action((thing: string | undefined, _flags: unknown, self: Command) => describeThing(self, thing));
  const add = (
    kind: string,
    description: string,
    describe: (client: ApiClient, name: string, now: number, self: Command) => Promise<string>,
  ): void => {
    command.addCommand(
      new Command(kind)
        .description(description)
        .argument("<name>", "", nameOf(kind))
        .action(async (name: string, _flags: unknown, self: Command) => {
          await using connection = await connect(line, self);
          line.output.write(await describe(connection.client, name, line.clock.wall(), self));
        }),
    );
  };
  add(
    "plugin",
    "Its versions, where each runs, and what went wrong with which on which node.",
    describePlugin,
  );
  add(
    "release",
    "Who asked and approved, what may be done with it, and what each node has done of it.",
    (client, name, now, self) => describeRelease(client, parseReleaseId(name), now, self),
  );
  add("node", "What it was sent, has in force and refuses, its plugins and packages.", describeNode);
  add("cluster", "Its rules, nodes, chain and newest releases.", describeCluster);
  return command;
}

/** `describe node/web-1` is `describe node web-1`. */
async function describeThing(command: Command, thing: string | undefined): Promise<void> {
  const kinds = command.commands.map((each) => each.name());
  const { kind, name } = kindAndName(thing ?? "");
  const child = command.commands.find((each) => each.name() === kind);
  if (child !== undefined) return void (await child.parseAsync([name], { from: "user" }));
  if (thing === undefined) throw usageError(`describe what? There are ${kinds.join(", ")}`);
  const word = kind ?? thing;
  throw usageError(
    `there is nothing called ${printable(word)} to describe${suggestion(word, kinds)} (there are ${kinds.join(", ")})`,
  );
}

async function describePlugin(client: ApiClient, plugin: string, now: number): Promise<string> {
  const { domain, owners, description } = await client.call("getPlugin", { params: { plugin } });
  const versions = await allPages((cursor) =>
    client.call("listVersions", { params: { plugin }, query: { cursor } }),
  );
  const nodes = await allPages((cursor) => client.call("listNodes", { query: { cursor } }));
  const rows = nodes.flatMap((node) =>
    explainedPlugins(node)
      .filter((each) => each.plugin === plugin)
      .map(({ version, status, error }) => [node.id, node.cluster, version, status, error || "-"]),
  );
  const errors = nodes.flatMap(({ id, failures }) =>
    failures
      .filter((failure) => failure.plugin === plugin)
      .map(({ version, at, during, what }) => [id, version, during, at, what]),
  );
  return [
    facts([
      ["Plugin", plugin],
      ["Domain", domain],
      ["Owners", owners.join(", ") || "-"],
      ["Description", description || "-"],
    ]),
    section("Versions", format(VERSIONS, versions, "table", now)),
    section("Nodes", table(["NODE", "CLUSTER", "VERSION", "STATUS", "ERROR"], rows)),
    section("Errors", table(["NODE", "VERSION", "DURING", "AT", "ERROR"], errors)),
  ].join("\n");
}

async function describeRelease(
  client: ApiClient,
  id: string,
  now: number,
  command: Command,
): Promise<string> {
  const status = await askedOfRelease(client, { id, command }, () =>
    client.call("getRelease", { params: { release: id } }),
  );
  const { release, nodes } = status;
  const { approvals, note, reason, rollbackOf, supersededBy } = release;
  const approved = approvals.map((each) => [each.by, each.at, each.bypass ? "yes" : "no", each.note || "-"]);
  return [
    facts([
      ["Release", String(release.id)],
      ["Plugin", `${release.plugin}@${release.version}`],
      ["Cluster", release.cluster],
      ["State", release.state],
      ["Target", targetText(release.target)],
      ["Author", [release.author, ...release.editors.map((each) => `edited by ${each}`)].join(", ")],
      ["Approvals", approvalsText(release)],
      ["Begins", release.scheduledAt ?? "when somebody says so"],
      ["Version before", release.base ?? "none"],
      ["Rolls back", rollbackOf === undefined ? "-" : `release ${rollbackOf}`],
      ["Ended by", supersededBy === undefined ? "-" : `release ${supersededBy}`],
      ["Note", note || "-"],
      ["Reason", reason || "-"],
      ["Possible now", release.actions.join(", ") || "nothing"],
      ["Next", nextStepText(status, command) ?? "-"],
    ]),
    section("Approvals", table(["BY", "AT", "BYPASS", "NOTE"], approved)),
    section("Nodes", format(RELEASE_NODES, nodes, "table", now)),
  ].join("\n");
}

async function describeNode(client: ApiClient, id: string, now: number): Promise<string> {
  const node = await client.call("getNode", { params: { node: id } });
  const standings = Object.entries(node.resources).map(([type, { wanted, sent, acked }]) => [
    type,
    wanted?.hash.slice(0, 12) ?? "-",
    sent?.hash.slice(0, 12) ?? "-",
    acked?.hash.slice(0, 12) ?? "-",
    acked?.at ?? "-",
    refusedText(node.refused.filter((refused) => refused.type === type)),
  ]);
  const packages = node.packages.map(({ plugin, version, state, detail }) => [
    plugin,
    version,
    state,
    detail || "-",
  ]);
  return [
    facts([
      ["Node", node.id],
      ["Cluster", node.cluster],
      ["Service", `${node.service} (${node.symbol})`],
      ["Sluice", `${node.version}, ${node.platform}`],
      ["Presence", node.presence],
      ["Sync", node.sync],
      ["Last seen", node.lastSeen ?? "never"],
    ]),
    section("Resources", table(["TYPE", "WANTED", "SENT", "ACKED", "AT", "REFUSED"], standings)),
    section("Refused", format(REFUSED, node.refused, "table", now)),
    section("Plugins", format(NODE_PLUGINS, explainedPlugins(node), "table", now)),
    section("Packages", table(["PLUGIN", "VERSION", "STATE", "DETAIL"], packages)),
  ].join("\n");
}

async function describeCluster(client: ApiClient, cluster: string, now: number): Promise<string> {
  const { domain, environment, requiredApprovals } = await client.call("getCluster", { params: { cluster } });
  const { entries } = await client.call("getChain", { params: { cluster } });
  const { online, nodes, synced, rejected, converged } = await client.call("getConvergence", {
    params: { cluster },
  });
  const releases = await client.call("listReleases", { query: { cluster, limit: 20 } });
  return [
    facts([
      ["Cluster", cluster],
      ["Domain", domain],
      ["Environment", environment],
      ["Approvals", String(requiredApprovals)],
      ["Nodes", `${online} of ${nodes} online, ${synced} synced, ${rejected} rejected`],
      ["Converged", converged ? "yes" : "no"],
    ]),
    section("Chain", format(CHAIN_ENTRIES, entries, "wide", now)),
    section("Releases", format(RELEASES, releases.items, "table", now)),
  ].join("\n");
}

/** Short, since the section Refused has the rest: the hash of what was refused as a whole, else the versions. */
function refusedText(refused: NodeAnswer["refused"]): string {
  const named = refused.map(({ hash, plugin, version }) =>
    plugin === undefined ? (hash?.slice(0, 12) ?? "") : `${plugin}@${version}`,
  );
  return named.join(", ") || "-";
}

function facts(rows: Facts): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${`${label}:`.padEnd(width + 3)}${printable(value)}\n`).join("");
}

function section(title: string, body: string): string {
  const [, firstRow = ""] = body.split("\n");
  return `${title}:\n${(firstRow === "" ? "none\n" : body).replaceAll(/^(?=.)/gm, "  ")}`;
}
