import { contentHash } from "../../core/content-hash.ts";
import { Backoff } from "../../core/backoff.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { describeProblem, InputError, messageOf, namedOf } from "../../core/errors.ts";
import type { PluginPackage } from "../../core/packages/plugin-package.ts";
import type { WantedPackage } from "./resource.ts";

/** How far a package is; see `StageState` in config.proto. */
export type StageStatus =
  | { readonly state: "FETCHING" }
  | { readonly state: "LOADABLE"; readonly package: PluginPackage }
  | { readonly state: "INVALID"; readonly detail: string }
  | { readonly state: "WAITING"; readonly detail: string; readonly attempts: number };

/** It can never be loaded here as it is. */
export class InvalidPackage extends Error {}

export interface StageSteps {
  /** The package, out of the cache or fetched. Throws an `InputError` or `InvalidPackage` where it is at fault. */
  obtain(wanted: WantedPackage, signal: AbortSignal): Promise<PluginPackage>;
  /** Whether it can be loaded with this config. Throws `InvalidPackage` where not, anything else where it is unsure. */
  check(found: PluginPackage, config: unknown): Promise<void>;
  readonly clock: Clock;
  /** Called after each change of `status`. */
  readonly onStatus: (staged: StagedPackage) => void;
}

const RETRY = { first: 1_000, ceiling: 60_000 } as const;

/** One package on its way from the control plane to where a chain may name it. Tries again until it is sure. */
export class StagedPackage implements AsyncDisposable {
  readonly #steps: StageSteps;
  readonly #backoff = new Backoff(RETRY);
  readonly #abort = new AbortController();
  #wanted: WantedPackage;
  #status: StageStatus = { state: "FETCHING" };
  #attempts = 0;
  #retry: Timer | undefined;
  #working: Promise<void> = Promise.resolve();

  /** `known`: it was found loadable with this config in an earlier life. */
  constructor(wanted: WantedPackage, steps: StageSteps, known?: PluginPackage) {
    this.#wanted = wanted;
    this.#steps = steps;
    if (known === undefined) this.#begin();
    else this.#set({ state: "LOADABLE", package: known });
  }

  get wanted(): WantedPackage {
    return this.#wanted;
  }

  get status(): StageStatus {
    return this.#status;
  }

  /**
   * It is wanted again, perhaps with another config or another size than was told before. What is known to be invalid as
   * it is wanted is checked again by `retry`.
   */
  renew(wanted: WantedPackage, retry: boolean): void {
    const isSame = contentHash(this.#wanted) === contentHash(wanted);
    const { state } = this.#status;
    if (isSame && (state === "LOADABLE" || state === "FETCHING" || (state === "INVALID" && !retry))) return;
    this.#wanted = wanted;
    this.#backoff.reset();
    this.#attempts = 0;
    this.#begin();
  }

  /** Stops; what was obtained by then is the caller's to remove. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.#retry?.[Symbol.dispose]();
    await this.#working;
  }

  #begin(): void {
    this.#retry?.[Symbol.dispose]();
    this.#set({ state: "FETCHING" });
    this.#working = this.#working.then(() => this.#attempt());
  }

  async #attempt(): Promise<void> {
    const wanted = this.#wanted;
    this.#attempts++;
    const status = await this.#outcomeOf(wanted);
    // Another attempt, for another config, is behind this one.
    if (this.#abort.signal.aborted || this.#wanted !== wanted) return;
    this.#set(status);
    if (status.state === "WAITING")
      this.#retry = this.#steps.clock.after(this.#backoff.next(), () => {
        this.#working = this.#attempt();
      });
  }

  async #outcomeOf(wanted: WantedPackage): Promise<StageStatus> {
    try {
      const found = await this.#steps.obtain(wanted, this.#abort.signal);
      await this.#steps.check(found, wanted.config);
      return { state: "LOADABLE", package: found };
    } catch (thrown) {
      if (thrown instanceof InputError)
        return { state: "INVALID", detail: namedOf(thrown.problems).map(describeProblem).join("; ") };
      const detail = messageOf(thrown);
      if (thrown instanceof InvalidPackage) return { state: "INVALID", detail };
      return { state: "WAITING", detail, attempts: this.#attempts };
    }
  }

  #set(status: StageStatus): void {
    this.#status = status;
    this.#steps.onStatus(this);
  }
}
