import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { OPEN } from "../model/release-machine.ts";
import { allItems } from "../store/all-items.ts";
import type { Change, Store } from "../store/store.ts";
import type { LiveReports } from "./live-reports.ts";

const HOUR = 3_600_000;
/** Nodes that are forgotten in one change. */
const BATCH = 500;

interface Parts {
  readonly store: Store;
  readonly reports: LiveReports;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a node may be OFFLINE, ms; 0: for ever. */
  readonly after: number;
}

/**
 * Forgets, once an hour, nodes that were OFFLINE too long: their records and what they said last. One that comes back
 * is a new one. Nodes that an open release names stay.
 */
export class NodeSweep implements AsyncDisposable {
  readonly #parts: Parts;
  /** Since when nodes can be missed that were never heard. */
  readonly #since: number;
  readonly #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    const { clock, after } = parts;
    this.#parts = parts;
    this.#since = clock.wall();
    if (after === 0) return;
    // Not at the start: after a long time without a control plane every node has been missed, and is about to come back.
    this.#timer = clock
      .every(HOUR, () => {
        this.#running = this.#running.then(() => this.#sweep());
      })
      .unref();
  }

  /** Resolves when the sweep under way is over. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  /** Never rejects. */
  async #sweep(): Promise<void> {
    const { reports, log } = this.#parts;
    try {
      const missed = reports.list().map(({ node }) => node.id);
      const gone = missed.filter((id) => this.#isGone(id));
      for (let start = 0; start < gone.length; start += BATCH)
        await this.#forget(gone.slice(start, start + BATCH));
    } catch (thrown) {
      log.error({ error: messageOf(thrown) }, "nodes that are gone could not be forgotten");
    }
  }

  async #forget(gone: readonly string[]): Promise<void> {
    const { store, reports, log } = this.#parts;
    const by = { kind: "system", name: "reports" } as const;
    const { result: forgotten } = await store.change(by, "node.forget", async (change) => {
      const named = await nodesOfReleases(change);
      // Some may have come back while this change waited for its turn.
      const left = gone.filter((id) => this.#isGone(id) && !named.has(id));
      for (const id of left) if ((await change.nodes.get(id)) !== undefined) await change.nodes.delete(id);
      return left;
    });
    for (const id of forgotten) reports.forget(id);
    if (forgotten.length > 0) log.info({ nodes: forgotten.length }, "nodes that are gone were forgotten");
  }

  #isGone(id: string): boolean {
    const { reports, clock, after } = this.#parts;
    const lastSeen = reports.get(id)?.report.lastSeen ?? this.#since;
    return reports.presence(id) === "OFFLINE" && clock.wall() - lastSeen > after;
  }
}

async function nodesOfReleases(change: Change): Promise<ReadonlySet<string>> {
  const releases = await allItems((page) => change.releases.list({ states: OPEN }, page));
  return new Set(releases.flatMap(({ target }) => (target.kind === "nodes" ? target.nodes : [])));
}
