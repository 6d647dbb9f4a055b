import { suggestion } from "../../core/nearest.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Release } from "../model/release.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import { progressOf } from "./release-progress.ts";
import type { ChainMode } from "./node-progress.ts";

/** Lets nodes be sent what they refused, once more: those that failed at the release, or the ones chosen. */
export function retryNodes(
  reports: NodeReports,
  release: Release,
  entry: ChainMode | undefined,
  chosen: readonly string[] | undefined,
): void {
  for (const node of chosen ?? failedNodes(reports, release, entry)) reports.retry(node);
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
