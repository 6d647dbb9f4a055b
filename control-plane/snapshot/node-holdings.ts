import type { UploadedPackage } from "../model/catalogue.ts";
import type { NodePackage, NodePlugin, NodeReport, StageStateWord } from "../model/node.ts";
import type { NamedVersion } from "./known-chains.ts";

/** Statuses of plugins that a chain in force on the node names. */
const IN_CHAIN = [
  "RUNNING",
  "FAILED",
  "UNKNOWN",
  "QUARANTINED",
] as const satisfies readonly NodePlugin["status"][];

/** What one node holds, as it reported, of what was uploaded: the rest it may have made up. */
export interface NodeHoldings {
  /** It has no chain in force: whatever comes is its first. */
  readonly fresh: boolean;
  /** What became of a package there; undefined: it has not said. */
  readonly state: (digest: string) => StageStateWord | undefined;
  /**
   * Packages of a plugin that the node can load and that it runs, or may run: those that its chain names, though it has
   * not said yet that they run, and until it has said what it runs, each that it holds. The control plane may have
   * forgotten what the node has not.
   */
  readonly runnable: (plugin: string) => readonly NodePackage[];
  /**
   * All packages of `runnable`, of any plugin, and those that its chain names though they are switched off, or run with
   * another config than that with which they cannot be loaded.
   */
  readonly inUse: readonly NodePackage[];
}

/**
 * `named`: by the chain that it has in force, and by the one on its way. `packageOf`: what was uploaded under a digest; a
 * package that the node calls otherwise does not count.
 */
export function holdingsOf(
  report: NodeReport,
  named: readonly NamedVersion[],
  packageOf: (digest: string) => UploadedPackage | undefined,
): NodeHoldings {
  const packages = report.packages.filter(({ plugin, version, digest }) => {
    const uploaded = packageOf(digest);
    return uploaded?.plugin === plugin && uploaded.version === version;
  });
  const states = new Map(packages.map(({ digest, state }) => [digest, state]));
  const running = new Set(report.plugins.filter(isInChain).map(({ digest }) => digest));
  // What it said before it connected may be older than the chain that it has in force.
  const said = report.plugins.length > 0 && report.pluginsBefore !== true;
  const isNamed = (item: NodePackage, loaded: boolean): boolean =>
    named.some(
      (each) => each.plugin === item.plugin && each.version === item.version && each.loaded === loaded,
    );
  const loadable = packages.filter(({ state }) => state === "LOADABLE");
  const runnable = loadable.filter((each) => !said || running.has(each.digest) || isNamed(each, true));
  return {
    fresh: report.resources.chain.acked === undefined,
    state: (digest) => states.get(digest),
    runnable: (plugin) => runnable.filter((each) => each.plugin === plugin),
    inUse: [
      ...runnable,
      ...loadable.filter((each) => isNamed(each, false)),
      ...packages.filter((each) => each.state === "INVALID" && isNamed(each, true)),
    ],
  };
}

function isInChain({ status }: NodePlugin): boolean {
  return IN_CHAIN.some((word) => word === status);
}
