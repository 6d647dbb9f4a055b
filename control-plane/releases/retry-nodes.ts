import { suggestion } from "../../core/nearest.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Release } from "../model/release.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import type { ReleaseContext } from "./release-context.ts";
import { progressOf } from "./release-progress.ts";
import type { ChainMode } from "./node-progress.ts";

/**
 * Lets nodes be sent what they refused, once more: those that failed at the release, or the ones chosen. When it
 * resolves that is on disk, so that a crash does not forget it.
 */
export async function retryNodes(
  { reports, saveReports }: Pick<ReleaseContext, "reports" | "saveReports">,
  release: Release,
  entry: ChainMode | undefined,
  chosen: readonly string[] | undefined,
): Promise<void> {
  const nodes = chosen ?? failedNodes(reports, release, entry);
  for (const node of nodes) reports.retry(node);
  await saveReports(nodes);
}

/** Throws `not_found` for a node that the cluster does not have. */
export function checkNodes(reports: NodeReports, cluster: string, nodes: readonly string[]): void {
  for (const id of nodes) {
    if (reports.get(id)?.node.cluster === cluster) continue;
    const near = suggestion(
      id,
      reports.list(cluster).map(({ node }) => node.id),
    );
    throw new OperationError("not_found", `${cluster} has no node ${JSON.stringify(id)}${near}`);
  }
}

function failedNodes(
  reports: NodeReports,
  release: Release,
  entry: ChainMode | undefined,
): readonly string[] {
  const { nodes } = progressOf(release, entry, reports);
  return nodes.filter(({ step }) => step === "failed").map(({ node }) => node);
}
