import { RESOURCE_TYPES, type NodePackage, type NodePlugin, type RefusedEntry } from "../model/node.ts";
import type { KnownNode, NodeReports } from "../reports/node-reports.ts";
import { trouble, type Trouble } from "./trouble.ts";

const LONGEST_DETAIL = 500;
/** Alarms of one kind that one node can raise, which says what it wants; the rest of them is one more. */
const MOST_OF_A_KIND = 10;
/** How nodes say that a package has other bytes; they may fetch it again. */
const OTHER_BYTES: Readonly<Partial<Record<NodePackage["state"], RegExp>>> = {
  INVALID: /digest|sha-?256|checksum/i,
  WAITING: /^artifact mismatch/,
};

/** What nodes' last reports say is wrong. Of a node that is OFFLINE only that it is: the rest is not known. */
export function nodeTroubles(reports: NodeReports): readonly Trouble[] {
  return reports.list().flatMap((known) => {
    if (reports.presence(known.node.id) === "OFFLINE") return [offline(known)];
    const { plugins, packages } = known.report;
    return bounded(known, [
      ...refusals(known),
      ...plugins.flatMap((plugin) => pluginTrouble(known, plugin)),
      ...packages.flatMap((each) => packageTrouble(known, each, plugins)),
    ]);
  });
}

/** The same ones stay as long as they are reported, in whatever order. */
function bounded({ node }: KnownNode, troubles: readonly Trouble[]): readonly Trouble[] {
  const kinds = Object.entries(Object.groupBy(troubles, ({ kind }) => kind));
  return kinds.flatMap(([kind, group]) => {
    if (group.length <= MOST_OF_A_KIND) return group;
    const sorted = group.toSorted((left, right) => (left.key < right.key ? -1 : 1));
    const message = `node ${node.id} reports more than ${MOST_OF_A_KIND} troubles of the kind ${kind}`;
    const rest = trouble(kind as Trouble["kind"], [node.id, "more"], message, placeOf(node));
    return [...sorted.slice(0, MOST_OF_A_KIND), rest];
  });
}

function offline({ node, report }: KnownNode): Trouble {
  const seen =
    report.lastSeen === undefined ? "never heard" : `last heard ${new Date(report.lastSeen).toISOString()}`;
  return trouble("node-offline", [node.id], `node ${node.id} is OFFLINE: ${seen}`, placeOf(node));
}

/** One for each type of resource that the node refused and should have, or for each entry of it where that is all. */
function refusals({ node, report }: KnownNode): readonly Trouble[] {
  return RESOURCE_TYPES.flatMap((type) => {
    const { nacked } = report.resources[type];
    if (nacked === undefined) return [];
    if (nacked.entries !== undefined) return nacked.entries.map((entry) => entryRefusal(node, entry));
    const message = `node ${node.id} refuses its ${type}: ${short(nacked.problems.join("; "))}`;
    return [trouble("nack", [node.id, type], message, placeOf(node))];
  });
}

function entryRefusal(node: KnownNode["node"], { plugin, version, problem }: RefusedEntry): Trouble {
  const message = `node ${node.id} refuses ${plugin} ${version} in its chain: ${short(problem)}`;
  return trouble("nack", [node.id, "chain", plugin, version], message, { ...placeOf(node), plugin });
}

function pluginTrouble(
  { node }: KnownNode,
  { plugin, version, status, error }: NodePlugin,
): readonly Trouble[] {
  const where = { ...placeOf(node), plugin };
  const about = [node.id, plugin, version];
  const named = `${plugin} ${version} on node ${node.id}`;
  if (status === "FAILED")
    return [trouble("plugin-failing", about, `${named} fails: ${short(error)}`, where)];
  if (status !== "QUARANTINED") return [];
  return [trouble("plugin-quarantined", about, `${named} is quarantined: ${short(error)}`, where)];
}

/**
 * What runs is what was uploaded: INVALID are then the config and the version together, as they should be now, and what
 * goes on is what the node had. What does not run is told as a plugin that fails, unless it has other bytes.
 */
function packageTrouble(
  { node }: KnownNode,
  { plugin, version, digest, state, detail }: NodePackage,
  plugins: readonly NodePlugin[],
): readonly Trouble[] {
  const about = [plugin, version];
  const where = { ...placeOf(node), plugin };
  const named = `${plugin} ${version}`;
  if (state === "INVALID" && plugins.some((each) => each.digest === digest && goesOn(each, detail))) {
    const message = `node ${node.id} refuses ${named} as it should run now: ${short(detail)}`;
    return [trouble("nack", [node.id, "stage", ...about], message, where)];
  }
  if (!OTHER_BYTES[state]?.test(detail)) return [];
  const message = `node ${node.id} got other bytes of ${named} than were uploaded: ${short(detail)}`;
  return [trouble("artifact-mismatch", [node.id, ...about], message, where)];
}

/** Of a package that cannot be loaded a node says that its plugin is FAILED, in the same words. */
function goesOn({ status, error }: NodePlugin, detail: string): boolean {
  return status === "RUNNING" || status === "QUARANTINED" || (status === "FAILED" && error !== detail);
}

function placeOf({ id, cluster }: KnownNode["node"]): { readonly cluster: string; readonly node: string } {
  return { cluster, node: id };
}

function short(text: string): string {
  return text.length <= LONGEST_DETAIL ? text : `${text.slice(0, LONGEST_DETAIL)}…`;
}
