import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Alarm } from "../model/alarm.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import type { Store } from "../store/store.ts";
import { ConvergenceWatch, waitingReleases } from "./cluster-troubles.ts";
import type { Incidents } from "./incidents.ts";
import { nodeTroubles } from "./node-troubles.ts";
import { trouble, type Trouble } from "./trouble.ts";

/** All in milliseconds. */
export interface AlarmPatience {
  /** Between two looks. */
  readonly interval: number;
  readonly notConverged: number;
  readonly releaseWaiting: number;
}

export interface AlarmParts {
  readonly store: Store;
  readonly reports: NodeReports;
  readonly incidents: Incidents;
  readonly clock: Clock;
  readonly log: Logger;
  readonly patience: AlarmPatience;
}

/** What is wrong now. `complete`: all of it could be looked at, so that what is not in it is over. */
export interface Standing {
  readonly alarms: readonly Alarm[];
  readonly complete: boolean;
}

/**
 * What somebody should look at, from nodes' reports and the store, looked at again and again. An alarm is one from the
 * moment its trouble is seen until it is not seen any more, and keeps its `since`.
 */
export class Alarms implements AsyncDisposable {
  readonly #parts: AlarmParts;
  readonly #convergence: ConvergenceWatch;
  readonly #listeners = new Set<(standing: Standing) => void>();
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #current: ReadonlyMap<string, Alarm> = new Map();

  constructor(parts: AlarmParts) {
    this.#parts = parts;
    this.#convergence = new ConvergenceWatch(parts.clock, parts.patience.notConverged);
  }

  /** `since`: of alarms that were told of before a restart, by key. */
  start(known: Iterable<Alarm>): void {
    this.#current = new Map(Array.from(known, (alarm) => [alarm.key, alarm]));
    this.#timer = this.#parts.clock.every(this.#parts.patience.interval, () => this.look());
  }

  /** In the order of their keys. */
  list(): readonly Alarm[] {
    return [...this.#current.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
  }

  /** Hears of the state after each look, changed or not: time alone ends silences. */
  onLook(listener: (standing: Standing) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Looks now, unless a look is under way; never throws. */
  look(): void {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { reports, incidents, clock } = this.#parts;
    const releases = await this.#releases();
    // Right after a start every node is missing that has not come back yet.
    const settled = reports.settled;
    const nodes = settled ? [...nodeTroubles(reports), ...this.#convergence.troubles(reports)] : [];
    const noted = incidents.current().map(({ kind, about, message }) => trouble(kind, [about], message));
    const seen = [...(releases ?? []), ...nodes, ...noted];
    const complete = settled && releases !== undefined;
    const kept = complete ? [] : [...this.#current.values()];
    this.#current = new Map([
      ...kept.map((alarm): [string, Alarm] => [alarm.key, alarm]),
      ...seen.map((each): [string, Alarm] => [each.key, this.#alarmOf(each, clock.wall())]),
    ]);
    const standing = { alarms: this.list(), complete };
    for (const listener of this.#listeners) listener(standing);
  }

  #alarmOf(seen: Trouble, wall: number): Alarm {
    const known = this.#current.get(seen.key);
    return { ...seen, since: known?.since ?? wall };
  }

  /** Undefined where the store cannot be read, which is an alarm of its own. */
  async #releases(): Promise<readonly Trouble[] | undefined> {
    const { store, clock, patience, incidents, log } = this.#parts;
    try {
      return await store.read(async (view) => waitingReleases(view, clock.wall(), patience.releaseWaiting));
    } catch (error) {
      log.error({ err: error }, "alarms cannot read the store");
      incidents.note({
        kind: "store-error",
        about: "read",
        message: `the store cannot be read: ${messageOf(error)}`,
      });
      return undefined;
    }
  }
}
