import { contentHash } from "../../core/content-hash.ts";
import type { Refusal, RefusedEntry, ResourceStanding } from "../model/node.ts";
import type { ChainContent, ChainEntryContent, SnapshotResource } from "./node-snapshot.ts";

/** Of all that was said of one entry. */
const LONGEST_PROBLEM = 1_000;

/** What a node said is wrong with a chain; `text` is all of it. */
interface ChainProblem {
  readonly key: string;
  /** Empty: it is about no plugin. */
  readonly plugin: string;
  readonly text: string;
}

/** The entries that a refusal of this chain names; undefined: something else is wrong with it too. */
export function refusedEntries(
  { content }: SnapshotResource,
  problems: readonly ChainProblem[],
): readonly RefusedEntry[] | undefined {
  const entries = new Map((content as ChainContent).entries.map((entry) => [String(entry.plugin), entry]));
  const byPlugin = [...Map.groupBy(problems, ({ plugin }) => plugin)];
  const refused = byPlugin.flatMap(([plugin, about]): readonly RefusedEntry[] => {
    const entry = entries.get(plugin);
    if (entry === undefined) return [];
    const text = about.map((problem) => problem.text).join("; ");
    const problem = text.slice(0, LONGEST_PROBLEM);
    return [{ plugin, version: versionOf(entry, about), hash: contentHash(entry), problem }];
  });
  return refused.length === byPlugin.length ? refused : undefined;
}

/** Which of its two it is about, where it has two. */
function versionOf({ version, gray }: ChainEntryContent, problems: readonly ChainProblem[]): string {
  const share = gray as { readonly version: string } | undefined;
  const isGray = share !== undefined && problems.every(({ key }) => /^chain\[\d+\]\.gray\b/.test(key));
  if (isGray) return share.version;
  return typeof version === "string" ? version : "";
}

/**
 * The refusal from which it is known that the node refuses entries of a chain: its own, or that of the chain that the node
 * should have had before. Undefined: there is none.
 */
export function priorRefusal(
  { hash, content }: SnapshotResource,
  { refused, nacked }: ResourceStanding,
): Refusal | undefined {
  const own = refused.find((refusal) => refusal.hash === hash);
  const prior = own ?? nacked;
  if (prior?.entries === undefined) return undefined;
  const hashes = new Set((content as ChainContent).entries.map(contentHash));
  return prior.entries.some((entry) => hashes.has(entry.hash)) ? prior : undefined;
}
