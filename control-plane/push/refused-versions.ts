import type { Nack__Output } from "../../proto/gen/mesh/v1/Nack.ts";
import type { NodeFailure, NodePlugin, ResourceType } from "../model/node.ts";
import type { ChainContent, SnapshotResource, StageContent } from "../snapshot/node-snapshot.ts";

/** Of all that was said of one version; every reason is bounded too. */
const LONGEST_TEXT = 1_000;

type VersionName = Pick<NodeFailure, "plugin" | "version">;

/** Versions of plugins that a resource names; a share of the traffic is one more. */
export function versionsIn(type: ResourceType, { content }: SnapshotResource): readonly VersionName[] {
  if (type === "stage")
    return (content as StageContent).packages.map(({ plugin, version }) => ({ plugin, version }));
  if (type === "route") return [];
  return (content as ChainContent).entries.flatMap(({ plugin, version, gray }) => {
    const share = gray as { readonly version: string } | undefined;
    return [version, share?.version]
      .filter((each) => typeof each === "string")
      .map((each) => ({ plugin: String(plugin), version: each }));
  });
}

/**
 * Versions that a refused resource would have brought, and what the node said of each: of a plugin the versions that do
 * not run there already, or all where all do. What it said of no plugin is said of every version that does not run.
 */
export function refusedVersions(
  type: ResourceType,
  resource: SnapshotResource,
  problems: readonly (Nack__Output["problems"][number] & { readonly text: string })[],
  reported: readonly NodePlugin[],
): readonly (VersionName & Pick<NodeFailure, "what">)[] {
  const named = versionsIn(type, resource);
  const running = new Set(
    reported
      .filter(({ status }) => status === "RUNNING")
      .map(({ plugin, version }) => `${plugin}@${version}`),
  );
  const brings = ({ plugin, version }: VersionName): boolean => !running.has(`${plugin}@${version}`);
  return named.flatMap((each) => {
    const isBlamed = brings(each) || !named.some((other) => other.plugin === each.plugin && brings(other));
    const about = problems.filter(({ plugin }) => plugin === each.plugin || (plugin === "" && brings(each)));
    if (!isBlamed || about.length === 0) return [];
    return [
      {
        ...each,
        what: about
          .map(({ text }) => text)
          .join("; ")
          .slice(0, LONGEST_TEXT),
      },
    ];
  });
}
