import type { NodePackage, NodePlugin } from "../model/node.ts";

/** Plugins, and packages, that are kept of one node: far beyond any chain, so that a node gone wrong is bounded. */
const MOST_OF_A_NODE = 500;

/**
 * What a node runs, after a report: a complete one replaces everything, another one only what it names. The same
 * array where it says nothing new.
 */
export function mergePlugins(
  known: readonly NodePlugin[],
  reported: readonly NodePlugin[],
  complete: boolean,
): readonly NodePlugin[] {
  const merged = new Map(complete ? [] : known.map((plugin) => [keyOf(plugin), plugin]));
  for (const plugin of reported) merged.set(keyOf(plugin), plugin);
  return unlessSame(known, [...merged.values()].slice(0, MOST_OF_A_NODE));
}

/** What a node holds, after it said how one package stands; deleted ones make room first. */
export function mergePackage(known: readonly NodePackage[], reported: NodePackage): readonly NodePackage[] {
  const key = keyOf(reported);
  const before = known.find((item) => keyOf(item) === key);
  if (before?.state === reported.state && before.detail === reported.detail) return known;
  const others = known.filter((item) => item !== before);
  const kept = others.length < MOST_OF_A_NODE ? others : others.filter(({ state }) => state !== "DELETED");
  return kept.length < MOST_OF_A_NODE ? [...kept, reported] : known;
}

/**
 * What a node holds, after it connected: what it says to have staged is loadable and what it does not name it has not;
 * that it could not load something, or is still at it, stays as it said last.
 */
export function resumePackages(
  known: readonly NodePackage[],
  staged: readonly Pick<NodePackage, "plugin" | "version" | "digest">[],
): readonly NodePackage[] {
  const loadable = staged
    .slice(0, MOST_OF_A_NODE)
    .map((item): NodePackage => ({ ...item, state: "LOADABLE", detail: "" }));
  const named = new Set(loadable.map(keyOf));
  const others = known.filter((item) => item.state !== "LOADABLE" && !named.has(keyOf(item)));
  return unlessSame(known, [...others, ...loadable].slice(-MOST_OF_A_NODE));
}

/** A version under another digest is another package, or the plugin of somebody else. */
export function keyOf({
  plugin,
  version,
  digest,
}: Pick<NodePackage, "plugin" | "version" | "digest">): string {
  return `${plugin}@${version}#${digest}`;
}

function unlessSame<Item extends object>(known: readonly Item[], next: readonly Item[]): readonly Item[] {
  return JSON.stringify(known) === JSON.stringify(next) ? known : next;
}
