import type { Clock, Timer } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Artifacts } from "./artifacts/artifacts.ts";
import { collectArtifacts } from "./catalogue/collect-artifacts.ts";
import type { Store } from "./store/store.ts";

const HOUR = 3_600_000;

/**
 * Deletes, at the start and once an hour, the bytes of packages that no version has: those of deleted versions, and
 * those of uploads that a crash cut off before there was a version.
 */
export class ArtifactSweep implements AsyncDisposable {
  readonly #store: Store;
  readonly #artifacts: Artifacts;
  readonly #log: Logger;
  readonly #timer: Timer;
  #running: Promise<void> = Promise.resolve();

  constructor(store: Store, artifacts: Artifacts, clock: Clock, log: Logger) {
    this.#store = store;
    this.#artifacts = artifacts;
    this.#log = log;
    this.#timer = clock
      .every(HOUR, () => {
        this.#running = this.#running.then(() => this.#sweep());
      })
      .unref();
  }

  /** Sweeps for the first time. Never rejects. */
  async start(): Promise<void> {
    await this.#sweep();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    await this.#running;
  }

  /** Never rejects. */
  async #sweep(): Promise<void> {
    try {
      const gone = await collectArtifacts(this.#store, this.#artifacts);
      if (gone.length > 0) this.#log.info({ packages: gone.length }, "packages that no version has are gone");
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, "packages that no version has could not be deleted");
    }
  }
}
