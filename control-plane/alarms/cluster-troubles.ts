import type { Clock } from "../../core/clock.ts";
import { formatDuration } from "../../core/duration.ts";
import type { Release } from "../model/release.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import { allItems } from "../store/all-items.ts";
import type { View } from "../store/store.ts";
import { trouble, type Trouble } from "./trouble.ts";

/** Clusters whose nodes have not all taken what they should have for too long. */
export class ConvergenceWatch {
  readonly #clock: Clock;
  readonly #patience: number;
  /** Monotonic. */
  readonly #divergedAt = new Map<string, number>();

  constructor(clock: Clock, patience: number) {
    this.#clock = clock;
    this.#patience = patience;
  }

  troubles(reports: NodeReports): readonly Trouble[] {
    const clusters = new Set(reports.list().map(({ node }) => node.cluster));
    for (const cluster of this.#divergedAt.keys())
      if (!clusters.has(cluster)) this.#divergedAt.delete(cluster);
    return [...clusters].flatMap((cluster) => this.#troubleOf(cluster, reports));
  }

  #troubleOf(cluster: string, reports: NodeReports): readonly Trouble[] {
    const { converged, nodes, synced, pending, rejected } = reports.convergence(cluster);
    if (converged) {
      this.#divergedAt.delete(cluster);
      return [];
    }
    const now = this.#clock.now();
    const since = this.#divergedAt.get(cluster) ?? now;
    this.#divergedAt.set(cluster, since);
    if (now - since < this.#patience) return [];
    const counts = `${synced} of ${nodes} nodes are SYNCED, ${pending} not yet, ${rejected} refused`;
    const message = `cluster ${cluster} has not converged for more than ${formatDuration(this.#patience)}: ${counts}`;
    return [trouble("not-converged", [cluster], message, { cluster })];
  }
}

/** Releases that have waited for an approval longer than `patience` ms. */
export async function waitingReleases(
  view: View,
  wall: number,
  patience: number,
): Promise<readonly Trouble[]> {
  const pending = await allItems((page) => view.releases.list({ states: ["PENDING_APPROVAL"] }, page));
  return pending.filter(({ updatedAt }) => wall - updatedAt >= patience).map(waitingTrouble);
}

function waitingTrouble({ id, plugin, version, cluster, author, updatedAt }: Release): Trouble {
  const since = new Date(updatedAt).toISOString();
  const message = `release ${id} (${plugin} ${version} in ${cluster}) by ${author} waits for approval since ${since}`;
  return trouble("release-waiting", [id], message, { cluster, plugin, release: id });
}
