import type { NodePackage, NodePlugin, NodeReport, StageStateWord } from "../model/node.ts";

/** Statuses of plugins that a chain in force on the node names. */
const IN_CHAIN = [
  "RUNNING",
  "FAILED",
  "UNKNOWN",
  "QUARANTINED",
] as const satisfies readonly NodePlugin["status"][];

/** What one node holds, as it reported. */
export interface NodeHoldings {
  /** It has no chain in force: whatever comes is its first. */
  readonly fresh: boolean;
  /** What became of a package there; undefined: it has not said. */
  readonly state: (digest: string) => StageStateWord | undefined;
  /**
   * Packages of a plugin that the node can load and that it runs, or may run: until it has said what it runs, each that
   * it holds. The control plane may have forgotten what the node has not.
   */
  readonly runnable: (plugin: string) => readonly NodePackage[];
  /** All packages of `runnable`, of any plugin. */
  readonly inUse: readonly NodePackage[];
}

export function holdingsOf(report: NodeReport): NodeHoldings {
  const loadable = report.packages.filter(({ state }) => state === "LOADABLE");
  const said = report.plugins.length > 0;
  const inUse = loadable.filter(({ digest }) => !said || report.plugins.some((each) => runs(each, digest)));
  return {
    fresh: report.resources.chain.acked === undefined,
    state: (digest) => report.packages.find((each) => each.digest === digest)?.state,
    runnable: (plugin) => inUse.filter((each) => each.plugin === plugin),
    inUse,
  };
}

function runs({ digest, status }: NodePlugin, wanted: string): boolean {
  return digest === wanted && IN_CHAIN.some((word) => word === status);
}
