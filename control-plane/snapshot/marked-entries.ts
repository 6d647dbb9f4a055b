import type { MarkedEntry } from "../model/node.ts";
import type { ChainContent, SnapshotResource } from "./node-snapshot.ts";

/** Nodes share resources, and so what is kept of each. */
const MARKED = new WeakMap<SnapshotResource, readonly MarkedEntry[]>();

/** What a chain runs of each plugin: what of its content is kept with its hash, as the node says the hash alone. */
export function markedEntries(chain: SnapshotResource): readonly MarkedEntry[] {
  const known = MARKED.get(chain);
  if (known !== undefined) return known;
  const { entries } = chain.content as ChainContent;
  const marked = entries.flatMap(({ plugin, version, gray }): MarkedEntry[] => {
    if (typeof version !== "string") return [];
    return [{ plugin: String(plugin), version, gray: gray as MarkedEntry["gray"] }];
  });
  MARKED.set(chain, marked);
  return marked;
}
