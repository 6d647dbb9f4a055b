import type { Node } from "../model/node.ts";
import { isGray, type Release } from "../model/release.ts";
import { isOneOf, type InForce } from "../releases/in-force.ts";
import { IN_CHAINS } from "../releases/node-progress.ts";
import { isTargeted } from "../releases/target.ts";

/** What one node should have of one plugin, whatever it holds. */
export interface PluginTarget {
  /** To be held. */
  readonly hold: readonly Release[];
  /** To be run, the first that can be. */
  readonly run: readonly Release[];
  /** To be run for its share of the traffic, beside what runs: that takes the share while this cannot answer. */
  readonly gray: Release | undefined;
  /** One version is in full force in the cluster: what else is to be run here is tried beside or instead of it. */
  readonly hasBase: boolean;
}

export function pluginTarget({ base, underWay }: InForce, node: Pick<Node, "id" | "labels">): PluginTarget {
  const bases = base === undefined ? [] : [base];
  const alone: PluginTarget = { hold: bases, run: bases, gray: undefined, hasBase: base !== undefined };
  if (underWay === undefined || !isTargeted(underWay, node)) return alone;
  const both = { ...alone, hold: [...bases, underWay] };
  if (!isOneOf(IN_CHAINS, underWay.state)) return both;
  return isGray(underWay) ? { ...both, gray: underWay } : { ...both, run: [underWay, ...bases] };
}
