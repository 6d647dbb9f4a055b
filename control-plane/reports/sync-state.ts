import { RESOURCE_TYPES, type NodeReport, type ResourceStanding, type SyncState } from "../model/node.ts";

/**
 * How far a node is with what it should have. REJECTED: it refused it, or holds a package for invalid. STALE: nobody
 * knows, since it is not connected or has not answered within `answerTimeout` ms. PENDING: under way. `wall`: now.
 */
export function syncOf(report: NodeReport, wall: number, answerTimeout: number): SyncState {
  const standings = RESOURCE_TYPES.map((type) => report.resources[type]);
  const packages = report.packages.map(({ state }) => state);
  if (standings.some(({ nacked }) => nacked !== undefined) || packages.includes("INVALID")) return "REJECTED";
  if (!report.connected) return "STALE";
  if (standings.some((standing) => isUnanswered(standing) && overdue(standing, wall, answerTimeout)))
    return "STALE";
  const fetching = packages.includes("FETCHING") || packages.includes("WAITING") || report.again.length > 0;
  return fetching || !standings.every(isInForce) || standings.some(isUnanswered) ? "PENDING" : "SYNCED";
}

/** Connected, and neither refusing nor where it should be yet. */
export function isUnderWay(report: NodeReport): boolean {
  return report.connected && syncOf(report, 0, Infinity) === "PENDING";
}

function isInForce({ wanted, acked }: ResourceStanding): boolean {
  return wanted !== undefined && wanted.hash === acked?.hash;
}

/** What was sent is still on its way to be in force, or to be refused. */
export function isUnanswered({ sent, acked, refused }: ResourceStanding): boolean {
  return sent !== undefined && sent.hash !== acked?.hash && !refused.some(({ hash }) => hash === sent.hash);
}

function overdue({ sent }: ResourceStanding, wall: number, answerTimeout: number): boolean {
  return sent !== undefined && wall - sent.at > answerTimeout;
}
