import type { NodePackage } from "../model/node.ts";
import type { ChainContent, SnapshotResource, StageContent } from "../snapshot/node-snapshot.ts";

/**
 * What a node gets in place of a content that others refused: `standIn`, once it holds every version that this names.
 * Undefined: it is still fetching them. The refused content itself where it will never hold them: then it has nothing
 * to lose. `staged`: what the node is told to hold.
 */
export function spare(
  refused: SnapshotResource,
  standIn: SnapshotResource,
  held: readonly NodePackage[],
  staged: StageContent["packages"],
): SnapshotResource | undefined {
  const states = new Map(held.map((item) => [nameOf(item), item.state]));
  const missing = versionsIn(standIn).filter((name) => states.get(name) !== "LOADABLE");
  if (missing.length === 0) return standIn;
  const coming = new Set(staged.map(nameOf).filter((name) => states.get(name) !== "INVALID"));
  return missing.every((name) => coming.has(name)) ? undefined : refused;
}

function nameOf({ plugin, version }: Pick<NodePackage, "plugin" | "version">): string {
  return `${plugin}@${version}`;
}

/** `plugin@version` of everything that a chain names; other contents name nothing. */
function versionsIn({ content }: SnapshotResource): readonly string[] {
  const { entries } = content as Partial<ChainContent>;
  return (entries ?? []).flatMap(({ plugin, version, gray }) => {
    const grayVersion = (gray as { readonly version?: unknown } | undefined)?.version;
    return [version, grayVersion]
      .filter((word) => typeof word === "string")
      .map((word) => `${String(plugin)}@${word}`);
  });
}
