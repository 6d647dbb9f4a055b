import { Backoff } from "../../core/backoff.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Actor } from "../model/actor.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import type { Store } from "../store/store.ts";
import { impliedSteps, waitsForNodes, type ImpliedStep } from "./implied-steps.ts";
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
const GATHER = 20;
/** A look takes its time in a large fleet: while nodes report all the time it is at most one part in so many. */
const SPARING = 10;
/** ms after which what waits is looked at again whatever happened: wall clocks jump, and nodes fall silent. */
const LOOK_AGAIN = 10_000;

/**
 * Takes the steps of releases that nobody asks for: those that time implies, and those that nodes' reports imply. All
 * that it goes by is in the store and in the reports, so a restart loses nothing.
 */
export class ReleaseFollower implements AsyncDisposable {
  readonly #options: FollowerOptions;
  readonly #backoff = new Backoff({ first: 100, ceiling: 10_000 });
  #subscriptions: readonly Disposable[] = [];
  #timer: Timer | undefined;
  /** Monotonic, ms: when the timer fires. */
  #timerAt = Number.POSITIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  /** ms that the last look took. */
  #lookTook = 0;
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
    if (state?.releases.some(waitsForNodes)) this.#lookIn(Math.max(GATHER, SPARING * this.#lookTook));
  }

  /** At the latest after so many ms. */
  #lookIn(delay: number): void {
    const { clock } = this.#options;
    const at = clock.now() + delay;
    if (this.#disposed || at >= this.#timerAt) return;
    this.#timer?.[Symbol.dispose]();
    this.#timerAt = at;
    const fire = (): void => {
      // It may fire during a look, which arms the next one when it ends.
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#look();
    };
    this.#timer = clock.after(delay, fire).unref();
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
    let failed = false;
    while (this.#lookAgain && !this.#disposed) {
      this.#lookAgain = false;
      for (const step of this.#implied()) failed = !(await this.#take(step)) || failed;
    }
    if (!failed) this.#backoff.reset();
    this.#lookIn(failed ? this.#backoff.next() : this.#nextLook());
  }

  #implied(): readonly ImpliedStep[] {
    const { projection, reports, clock } = this.#options;
    const since = clock.now();
    const steps = impliedSteps(projection.clusters, reports, clock.wall());
    this.#lookTook = clock.now() - since;
    return steps;
  }

  /** False: it failed. One that fails does not hold up the others. */
  async #take({ release, name, by }: ImpliedStep): Promise<boolean> {
    const { store, clock, log, reports } = this.#options;
    const actor: Actor = { kind: "system", name: by };
    try {
      const { result } = await store.change(actor, `release.${name}`, async (change) => {
        const before = await storedRelease(change, release.id);
        // Somebody was faster: what follows now is looked at when the projection has that.
        if (before.revision !== release.revision) return undefined;
        return updateRelease(change, before, takeStep(before, name), { wall: clock.wall(), reports });
      });
      if (result !== undefined) log.info({ release: result.id, state: result.state }, titleOf(result));
      return true;
    } catch (thrown) {
      if (this.#disposed) return true;
      log.error(
        { release: release.id, step: name, reason: messageOf(thrown) },
        "a release could not go on; trying again",
      );
      return false;
    }
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
