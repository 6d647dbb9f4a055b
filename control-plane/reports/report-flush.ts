import { setImmediate } from "node:timers/promises";

import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Service } from "../../core/lifecycle.ts";
import type { Logger } from "../../core/log.ts";
import type { Node } from "../model/node.ts";
import { allItems } from "../store/all-items.ts";
import type { Store } from "../store/store.ts";
import type { LiveReports } from "./live-reports.ts";
import type { KnownNode } from "./node-reports.ts";
import { StoredChains, type ChainContents } from "./stored-chains.ts";

/** Milliseconds between two batches. */
const FLUSH = 1_000;
/** Reports written at once. */
const SLICE = 200;
/** Batches after which all that was heard is written, though it said nothing new: `lastSeen` alone writes nothing. */
const HEARTBEAT_FLUSHES = 30;

interface Parts {
  readonly store: Store;
  readonly reports: LiveReports;
  /** What nodes' chains are made of: read at the start, and written with the reports that name them. */
  readonly chains: ChainContents;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Loads what nodes said when the control plane starts and writes it back in batches, so that their last words
 * outlive it; refusals at once, and chains that were never sent before. What a failing store did not take is written by
 * the next batch.
 */
export class ReportFlush implements Service {
  readonly name = "reports";
  readonly #parts: Parts;
  readonly #chains: StoredChains;
  readonly #changed = new Set<string>();
  readonly #lastSeen = new Map<string, number>();
  #sinceHeartbeats = 0;
  #failures = 0;
  readonly #listening = new DisposableStack();
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  /** What cannot wait came while a batch was under way. */
  #isHurried = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#chains = new StoredChains(parts.store, parts.chains);
  }

  /** Batches that the store did not take. */
  get failures(): number {
    return this.#failures;
  }

  /** Resolves when the batch under way is written, or was refused. */
  async written(): Promise<void> {
    await this.#running;
  }

  async start(): Promise<void> {
    const { store, reports, clock } = this.#parts;
    await this.#chains.load();
    const said = new Map((await store.loadReports()).map((report) => [report.node, report]));
    reports.recall(await allNodes(store), said);
    this.#listening.use(reports.onChange((node) => this.#onChange(node)));
    this.#listening.use(reports.onRefusal(() => this.#hurry()));
    this.#timer = clock.every(FLUSH, () => this.#tick()).unref();
  }

  /** Writes what is known of these nodes; on disk when it resolves. Rejects where the store does not take it. */
  async save(nodes: readonly string[]): Promise<void> {
    if (nodes.length === 0) return;
    // The batch under way may hold what was known before.
    await this.#running;
    await this.#save(this.#known(nodes));
  }

  /** Writes what is left. */
  async drain(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    while (this.#isRunning) await this.#running;
    this.#run(this.#heardSince());
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    this.#listening.dispose();
  }

  #tick(): void {
    this.#parts.reports.tellSilence();
    this.#sinceHeartbeats++;
    // The one before may still be waiting for a busy disk: what changed meanwhile stays for the next.
    if (this.#isRunning) return;
    const due = this.#sinceHeartbeats >= HEARTBEAT_FLUSHES;
    if (due) this.#sinceHeartbeats = 0;
    const heard = due ? this.#heardSince() : [];
    this.#run(heard, due);
  }

  #onChange(node: string): void {
    this.#changed.add(node);
    const known = this.#parts.reports.get(node);
    // A node that was sent it may hold it when this process is killed, and tell its hash alone.
    if (known !== undefined && this.#chains.missing([known]).length > 0) this.#hurry();
  }

  /** A refusal that is lost costs the node one more send: it is written now, with all that waits. */
  #hurry(): void {
    if (this.#isRunning) this.#isHurried = true;
    else this.#run([]);
  }

  /** `sweeps`: chains that nobody has any more are deleted too. */
  #run(heard: readonly string[], sweeps = false): void {
    this.#running = this.#flushAll(heard, sweeps);
  }

  async #flushAll(heard: readonly string[], sweeps: boolean): Promise<void> {
    this.#isRunning = true;
    try {
      await this.#flush(heard);
      if (sweeps) await this.#sweepChains();
      while (this.#isHurried) {
        this.#isHurried = false;
        await this.#flush([]);
      }
    } finally {
      // In the turn in which nothing was in a hurry: what comes later begins a batch of its own.
      this.#isRunning = false;
    }
  }

  /** Nodes that were heard since their `lastSeen` was written. */
  #heardSince(): readonly string[] {
    return this.#parts.reports
      .list()
      .filter(({ node, report }) => report.lastSeen !== this.#lastSeen.get(node.id))
      .map(({ node }) => node.id);
  }

  async #flush(heard: readonly string[]): Promise<void> {
    const nodes = new Set([...this.#changed, ...heard]);
    this.#changed.clear();
    for (const node of nodes) if (this.#parts.reports.get(node) === undefined) this.#lastSeen.delete(node);
    const known = this.#known([...nodes]);
    for (let start = 0; start < known.length; start += SLICE)
      await this.#write(known.slice(start, start + SLICE));
  }

  /** As of now: what is heard while they are written is another report. */
  #known(nodes: readonly string[]): readonly KnownNode[] {
    return nodes.flatMap((id) => {
      const known = this.#parts.reports.get(id);
      return known === undefined ? [] : [{ node: known.node, report: known.report }];
    });
  }

  async #save(nodes: readonly KnownNode[]): Promise<void> {
    const chains = this.#chains.missing(nodes);
    await this.#parts.store.saveReports(
      nodes.map(({ report }) => report),
      chains,
    );
    this.#chains.stored(chains);
  }

  /** Of no node that is known, OFFLINE or not. */
  async #sweepChains(): Promise<void> {
    try {
      await this.#chains.sweep(this.#parts.reports.list());
    } catch (thrown) {
      this.#parts.log.warn({ error: messageOf(thrown) }, "chains that no node has any more were not deleted");
    }
  }

  async #write(nodes: readonly KnownNode[]): Promise<void> {
    try {
      await this.#save(nodes);
      for (const { node, report } of nodes)
        if (report.lastSeen !== undefined) this.#lastSeen.set(node.id, report.lastSeen);
    } catch (thrown) {
      this.#failures++;
      for (const { node } of nodes) this.#changed.add(node.id);
      this.#parts.log.warn({ error: messageOf(thrown), reports: nodes.length }, "reports were not stored");
    }
    // Others have a turn before the next slice.
    await setImmediate();
  }
}

async function allNodes(store: Store): Promise<readonly Node[]> {
  return store.read((view) => allItems((page) => view.nodes.list({}, page)));
}
