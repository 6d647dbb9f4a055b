import { Backoff } from "../../core/backoff.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Actor } from "../model/actor.ts";
import type { ReleaseStepName } from "../model/release-machine.ts";
import type { Release } from "../model/release.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import type { Store } from "../store/store.ts";
import type { ClusterState } from "./cluster-state.ts";
import { stepByReports, stepByTime } from "./implied-step.ts";
import { progressOf } from "./release-progress.ts";
import type { ReleaseProjection } from "./release-projection.ts";
import { storedRelease } from "./stored-releases.ts";
import { takeStep, titleOf } from "./take-step.ts";
import { updateRelease } from "./write-release.ts";

export interface FollowerOptions {
  readonly store: Store;
  readonly projection: ReleaseProjection;
  readonly reports: NodeReports;
  readonly clock: Clock;
  readonly log: Logger;
}

/** ms from a node's report until it is looked at, so that a fleet that reports at once is looked at once. */
const GATHER = 50;
/** ms after which what waits is looked at again whatever happened: wall clocks jump, and nodes fall silent. */
const LOOK_AGAIN = 10_000;

interface ImpliedStep {
  readonly release: Release;
  readonly name: ReleaseStepName;
  readonly by: "schedule" | "reports";
}

/**
 * Takes the steps of releases that nobody asks for: those that time implies, and those that nodes' reports imply. All
 * that it goes by is in the store and in the reports, so a restart loses nothing.
 */
export class ReleaseFollower implements AsyncDisposable {
  readonly #options: FollowerOptions;
  readonly #backoff = new Backoff({ first: 100, ceiling: 10_000 });
  #subscriptions: readonly Disposable[] = [];
  #timer: Timer | undefined;
  /** Wall clock, ms, when the timer fires. */
  #timerAt = Number.POSITIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #disposed = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** The projection must have been started. */
  start(): void {
    const { projection, reports } = this.#options;
    this.#subscriptions = [
      projection.onChange(() => this.#look()),
      reports.onChange((node) => this.#reported(node)),
    ];
    this.#look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#timer?.[Symbol.dispose]();
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    await this.#looking;
  }

  #reported(node: string): void {
    const { projection, reports } = this.#options;
    const state = projection.cluster(reports.get(node)?.node.cluster ?? "");
    if (state?.releases.some(waitsForNodes)) this.#lookIn(GATHER);
  }

  /** At the latest after so many ms. */
  #lookIn(delay: number): void {
    const { clock } = this.#options;
    const at = clock.wall() + delay;
    if (this.#disposed || at >= this.#timerAt) return;
    this.#timer?.[Symbol.dispose]();
    this.#timerAt = at;
    this.#timer = clock.after(delay, () => this.#look()).unref();
  }

  #look(): void {
    if (this.#disposed) return;
    this.#lookAgain = true;
    this.#looking ??= this.#lookOften().finally(() => {
      this.#looking = undefined;
      // Asked for after the last look and before this.
      if (this.#lookAgain) this.#look();
    });
  }

  async #lookOften(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timerAt = Number.POSITIVE_INFINITY;
    try {
      while (this.#lookAgain && !this.#disposed) {
        this.#lookAgain = false;
        for (const step of this.#impliedSteps()) await this.#take(step);
      }
      this.#backoff.reset();
      this.#lookIn(this.#nextLook());
    } catch (thrown) {
      this.#options.log.error({ reason: messageOf(thrown) }, "a release could not go on; trying again");
      this.#lookIn(this.#backoff.next());
    }
  }

  #impliedSteps(): readonly ImpliedStep[] {
    const wall = this.#options.clock.wall();
    return [...this.#options.projection.clusters].flatMap((state) =>
      state.releases.flatMap((release): ImpliedStep[] => {
        const byTime = stepByTime(release, wall);
        if (byTime !== undefined) return [{ release, name: byTime, by: "schedule" }];
        const byReports = this.#stepByReports(state, release);
        return byReports === undefined ? [] : [{ release, name: byReports, by: "reports" }];
      }),
    );
  }

  #stepByReports(state: ClusterState, release: Release): ReleaseStepName | undefined {
    if (!waitsForNodes(release)) return undefined;
    const entry = state.entries.get(release.plugin);
    return stepByReports(release, progressOf(release, entry, this.#options.reports));
  }

  async #take({ release, name, by }: ImpliedStep): Promise<void> {
    const { store, clock, log } = this.#options;
    const actor: Actor = { kind: "system", name: by };
    const { result } = await store.change(actor, `release.${name}`, async (change) => {
      const before = await storedRelease(change, release.id);
      // Somebody was faster: what follows now is looked at when the projection has that.
      if (before.revision !== release.revision) return undefined;
      const wall = clock.wall();
      return updateRelease(change, before, takeStep(before, name), wall);
    });
    if (result !== undefined) log.info({ release: result.id, state: result.state }, titleOf(result));
  }

  #nextLook(): number {
    const wall = this.#options.clock.wall();
    const releases = [...this.#options.projection.clusters].flatMap((state) => state.releases);
    const times = releases.flatMap(({ automatic, scheduledAt }) =>
      automatic && scheduledAt !== undefined && scheduledAt > wall ? [scheduledAt - wall] : [],
    );
    const waiting = times.length > 0 || releases.some(waitsForNodes);
    return waiting ? Math.min(LOOK_AGAIN, ...times) : Number.POSITIVE_INFINITY;
  }
}

function waitsForNodes({ state }: Release): boolean {
  return state === "DOWNLOADING" || state === "ACTIVATING";
}
