import type { ClusterChainEntry } from "../model/chain.ts";
import type { NodePackage, NodePlugin, NodeReport, ResourceStanding } from "../model/node.ts";
import {
  hasEnded,
  isGray,
  type NodeStep,
  type Release,
  type ReleaseNode,
  type ReleaseState,
} from "../model/release.ts";
import type { KnownNode } from "../reports/node-reports.ts";
import { concernsNodes, isOneOf } from "./in-force.ts";
import { hasShare, keepsShare } from "./release-share.ts";
import { isTargeted } from "./target.ts";

/** From these on the chain of a targeted node names the version. */
export const IN_CHAINS = ["ACTIVATING", "GRAY", "ACTIVE", "DONE"] as const satisfies readonly ReleaseState[];

const NOT_HEARD = "it is not connected: waited for until it is back, or OFFLINE";

/** Of the plugin's entry in the cluster's chain. */
export type ChainMode = Pick<ClusterChainEntry, "mode">;

/**
 * What one node has done of a release, from what it reported: it is active when it runs the version, and the chain that
 * it acknowledged gives it the share that the release is for now. `entry` is the plugin's in the cluster's chain: where
 * it has none, or one that is off, nothing runs, and a node has done its part when it holds the package. `online`: it is
 * waited for; while a step is under way what such a node said before its stream broke does not count. A node that a gray
 * release is for no more is `activating` until its chain is without the version.
 */
export function nodeProgress(
  release: Release,
  entry: ChainMode | undefined,
  { node, report }: KnownNode,
  online: boolean,
): ReleaseNode {
  const targeted = isTargeted(release, node);
  const held = report.packages.find(({ digest }) => digest === release.digest);
  const loaded = report.plugins.find(({ digest }) => digest === release.digest);
  const base = { node: node.id, online, targeted, running: runningVersion(release, report) };
  if (targeted && hasEnded(release.state)) return { ...base, ...outcome(release, report) };
  if (!targeted) return { ...base, ...departure(release, report) };
  if (!concernsNodes(release.state)) return { ...base, step: "waiting", error: undefined };
  const asked = entry !== undefined && entry.mode !== "off";
  const inChains = isOneOf(IN_CHAINS, release.state);
  const heard = report.connected || !online || release.state !== "ACTIVATING";
  const takesPart = (): boolean => loaded?.status === "RUNNING" && hasShare(release, report.resources.chain);
  if (inChains && heard && (asked ? takesPart() : held?.state === "LOADABLE"))
    return { ...base, step: "active", error: undefined };
  const failure = failureOf(report, held, inChains ? { loaded, release } : undefined);
  if (failure !== undefined) return { ...base, step: "failed", error: failure };
  const step = stepOf(held, inChains);
  return { ...base, step, error: step === "activating" && !heard ? NOT_HEARD : waitingError(held) };
}

/** Of a node that the release is not for: of one that it was for, and that still runs the version, why. */
function departure(release: Release, report: NodeReport): Pick<ReleaseNode, "step" | "error"> {
  const { chain } = report.resources;
  const keeps = isGray(release) && isOneOf(IN_CHAINS, release.state) && keepsShare(release, chain);
  if (!keeps) return { step: "waiting", error: undefined };
  const invalid = report.packages.find(
    ({ plugin, state }) => plugin === release.plugin && state === "INVALID",
  );
  const error = chainRefusalOf(release, chain) ?? invalid?.detail;
  return { step: error === undefined ? "activating" : "failed", error };
}

/**
 * Of a release that ended: what went wrong with its version on the node while it was open, as long as that is the last
 * that is known to have gone wrong with it there.
 */
function outcome(
  { plugin, version, createdAt, updatedAt }: Release,
  { failures }: NodeReport,
): Pick<ReleaseNode, "step" | "error"> {
  const failure = failures.findLast((each) => {
    const isIts = each.plugin === plugin && each.version === version;
    return isIts && each.at >= createdAt && each.at <= updatedAt;
  });
  return { step: failure === undefined ? "over" : "failed", error: failure?.what };
}

function stepOf(held: NodePackage | undefined, inChains: boolean): NodeStep {
  if (held?.state === "LOADABLE") return inChains ? "activating" : "downloaded";
  return held === undefined || held.state === "DELETED" ? "waiting" : "downloading";
}

/** Of two versions that run, which a percentage of traffic makes, the release's. */
function runningVersion({ plugin, digest }: Release, report: NodeReport): string | undefined {
  const running = report.plugins.filter((each) => each.plugin === plugin && each.status === "RUNNING");
  return (running.find((each) => each.digest === digest) ?? running[0])?.version;
}

/** What does not go away by itself. `inChain`: undefined while no chain names the version. */
function failureOf(
  { resources }: NodeReport,
  held: NodePackage | undefined,
  inChain: { readonly loaded: NodePlugin | undefined; readonly release: Release } | undefined,
): string | undefined {
  if (held?.state === "INVALID") return textOf(held.detail, "the package cannot be loaded on this node");
  const loaded = inChain?.loaded;
  if (loaded?.status === "FAILED" || loaded?.status === "QUARANTINED")
    return textOf(loaded.error, `the plugin is ${loaded.status}`);
  const { nacked } = resources.stage;
  if (nacked !== undefined) return refusalText("stage", nacked.problems);
  return inChain && chainRefusalOf(inChain.release, resources.chain);
}

/** Where the node refused entries alone, what it said of the release's plugin: the others go on there. */
function chainRefusalOf({ plugin }: Release, { nacked }: ResourceStanding): string | undefined {
  if (nacked?.entries === undefined) return nacked && refusalText("chain", nacked.problems);
  const own = nacked.entries.filter((entry) => entry.plugin === plugin).map(({ problem }) => problem);
  return own.length === 0 ? undefined : refusalText("chain", own);
}

function refusalText(type: "stage" | "chain", problems: readonly string[]): string {
  return `the node refused its ${type}: ${problems.join("; ")}`;
}

/** Why a download has to be tried again, which the node does by itself. */
function waitingError(held: NodePackage | undefined): string | undefined {
  return held?.state === "WAITING" ? textOf(held.detail, "waiting to try again") : undefined;
}

function textOf(text: string, otherwise: string): string {
  return text === "" ? otherwise : text;
}
