import { deadlinesSchema } from "../../core/chain-document/chain-schema.ts";
import { contentHash } from "../../core/content-hash.ts";
import type { UploadedPackage } from "../model/catalogue.ts";
import type { ClusterChain, ClusterChainEntry } from "../model/chain.ts";
import { saltOf, shareOf } from "../releases/target.ts";
import type { EntryChoice } from "./entry-choice.ts";
import type { ChainContent, ChainEntryContent, SnapshotResource, StageContent } from "./node-snapshot.ts";

/** What a node of a cluster gets that nobody wrote a chain for. */
export const NO_CHAIN: SnapshotResource = {
  ...chainResource({ entries: [], deadlines: deadlinesSchema.parse(undefined) }, []),
  tombstone: false,
};

/** What a node of a cluster holds that nothing was released into. */
export const NO_PACKAGES: SnapshotResource = { ...stageResource([], new Map()), tombstone: false };

/** `wanted`: it is empty because somebody wanted that. */
export function stageResource(
  packages: readonly UploadedPackage[],
  entries: ReadonlyMap<string, ClusterChainEntry>,
): SnapshotResource {
  const content: StageContent = {
    packages: packages.map(({ plugin, version, digest, size }) => {
      return { plugin, version, digest, size, config: entries.get(plugin)?.config };
    }),
  };
  return { hash: contentHash(content), content, tombstone: packages.length === 0 };
}

/** `choices`: one for each entry. */
export function chainResource(
  { entries, deadlines }: Pick<ClusterChain, "entries" | "deadlines">,
  choices: readonly EntryChoice[],
): SnapshotResource {
  const content: ChainContent = {
    entries: entries.flatMap((entry, index) => entryContent(entry, choices[index])),
    deadlines: { request: `${deadlines.request}ms`, response: `${deadlines.response}ms` },
  };
  return { hash: contentHash(content), content, tombstone: content.entries.length === 0 };
}

/** None where the entry is left out. */
export function entryContent(
  entry: ClusterChainEntry,
  choice: EntryChoice | undefined,
): readonly ChainEntryContent[] {
  switch (choice?.kind) {
    case "run":
      return [written(entry, { version: choice.version, gray: grayContent(choice) })];
    case "kept":
      // The mode is a switch, and asks nothing of the node that it has not got.
      return [{ ...choice.entry, mode: entry.mode }];
    case "unavailable": {
      // A node that has no version does not know whether it may be passed by.
      const failurePolicy = entry.failurePolicy ?? choice.failurePolicy;
      const unavailable = `this node can load no version of ${entry.plugin} that is in force`;
      return [written(entry, { failurePolicy, unavailable })];
    }
    default:
      return [];
  }
}

function grayContent({ gray }: EntryChoice & { readonly kind: "run" }): unknown {
  if (gray === undefined) return undefined;
  return { version: gray.version, percentage: shareOf(gray), salt: saltOf(gray) };
}

/** In the shape of a configuration file: what is not there is not written. */
function written(entry: ClusterChainEntry, chosen: ChainEntryContent): ChainEntryContent {
  const { plugin, mode, tag, config, match, failurePolicy, timeout, cpu, memory } = entry;
  const all = { plugin, mode, tag, config, match, failurePolicy, timeout, cpu, memory, ...chosen };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
