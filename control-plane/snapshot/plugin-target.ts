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
}

export function pluginTarget({ base, underWay }: InForce, node: Pick<Node, "id" | "labels">): PluginTarget {
  const bases = base === undefined ? [] : [base];
  if (underWay === undefined || !isTargeted(underWay, node))
    return { hold: bases, run: bases, gray: undefined };
  const hold = [...bases, underWay];
  if (!isOneOf(IN_CHAINS, underWay.state)) return { hold, run: bases, gray: undefined };
  if (isGray(underWay)) return { hold, run: bases, gray: underWay };
  return { hold, run: [underWay, ...bases], gray: undefined };
}
