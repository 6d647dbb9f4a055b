import type { Clock } from "../../core/clock.ts";
import type { Histogram } from "../../core/metrics/series.ts";
import { isUnderWay } from "../reports/sync-state.ts";
import type { LiveReports } from "../reports/live-reports.ts";

interface Episode {
  readonly since: number;
  readonly nodes: Set<string>;
}

/**
 * How long clusters take until every connected node has what it should have: from the first that has not, to the last
 * that has. A node that refuses or leaves is not waited for.
 */
export class ClusterConvergence implements Disposable {
  readonly #clock: Clock;
  readonly #reports: LiveReports;
  readonly #seconds: Histogram;
  readonly #episodes = new Map<string, Episode>();
  readonly #clusterOf = new Map<string, string>();
  readonly #listening: Disposable;

  constructor(clock: Clock, reports: LiveReports, seconds: Histogram) {
    this.#clock = clock;
    this.#reports = reports;
    this.#seconds = seconds;
    this.#listening = reports.onChange((node) => this.#onReport(node));
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }

  #onReport(id: string): void {
    const known = this.#reports.get(id);
    const before = this.#clusterOf.get(id);
    const now = known !== undefined && isUnderWay(known.report) ? known.node.cluster : undefined;
    if (before === now) return;
    if (before !== undefined) this.#leave(before, id);
    if (now !== undefined) this.#enter(now, id);
  }

  #enter(cluster: string, id: string): void {
    const episode = this.#episodes.get(cluster) ?? { since: this.#clock.now(), nodes: new Set() };
    episode.nodes.add(id);
    this.#episodes.set(cluster, episode);
    this.#clusterOf.set(id, cluster);
  }

  #leave(cluster: string, id: string): void {
    this.#clusterOf.delete(id);
    const episode = this.#episodes.get(cluster);
    episode?.nodes.delete(id);
    if (episode === undefined || episode.nodes.size > 0) return;
    this.#episodes.delete(cluster);
    this.#seconds.observe((this.#clock.now() - episode.since) / 1_000);
  }
}
